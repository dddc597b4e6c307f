// www.xiaohongshu.com: a search whose order and kind are chosen in a panel (筛选), with notes that open over it.

const API = "/edith.xiaohongshu.com/api/sns/web";
const asked = new URLSearchParams(location.search);
const path = location.pathname.slice("/www.xiaohongshu.com".length);

async function post(address, values) {
  const body = JSON.stringify(values);
  const headers = { "content-type": "application/json", "x-s": await signature(address, body) };
  return dataOf(await fetch(address, { method: "POST", headers, body }));
}

async function get(apiPath, parameters) {
  const address = addressOf(API + apiPath, parameters);
  return dataOf(await fetch(address, { headers: { "x-s": await signature(address) } }));
}

async function dataOf(response) {
  const answer = await answerOf(response);
  if (answer.code !== 0) throw new Error(`code ${answer.code}`);
  return answer.data;
}

const chosen = { sort: "general", note_type: 0 };
const SORTS = { 综合: "general", 最新: "time_descending", 最多点赞: "popularity_descending" };
const TYPES = { 不限: 0, 视频: 1, 图文: 2 };
let stop = () => {};

function startSearch() {
  stop();
  document.querySelector("main").replaceChildren();
  const search_id = Date.now().toString(36);
  stop = endlessList(async (page = 1) => {
    const searched = { keyword: asked.get("keyword"), page, page_size: 20, search_id, ...chosen };
    const data = await post(`${API}/v1/search/notes`, { ...searched, ext_flags: [], geo: "", image_formats: [] });
    for (const item of data.items ?? []) if (item.note_card) showItem(item);
    return data.has_more ? page + 1 : null;
  });
}

function showItem(item) {
  const section = element("section", "note-item", "");
  const link = element("a", "cover", item.note_card.display_title ?? "无标题", section);
  link.href = `/www.xiaohongshu.com/explore/${item.id}?xsec_token=${encodeURIComponent(item.xsec_token)}`;
  link.addEventListener("click", (event) => {
    event.preventDefault();
    openNote(item.id, item.xsec_token);
  });
}

async function openNote(id, xsec_token) {
  const note = element("div", "note-container", "", document.body);
  note.id = "note";
  const close = element("div", "close-circle", "关闭", note);
  close.addEventListener("click", () => note.remove());
  const wanted = { source_note_id: id, image_formats: [], extra: { need_body_topic: "1" }, xsec_source: "pc_search" };
  const data = await post(`${API}/v1/feed`, { ...wanted, xsec_token });
  element("p", "desc", data.items[0].note_card.desc, note);
}

function showFilters() {
  const filter = element("div", "filter", "筛选", document.querySelector("header"));
  const panel = element("div", "filter-panel", "", document.querySelector("header"));
  panel.hidden = true;
  filter.addEventListener("click", () => { panel.hidden = !panel.hidden; });
  for (const [name, choices] of [["sort", SORTS], ["note_type", TYPES]]) {
    const group = element("div", "filters", "", panel);
    for (const [words, value] of Object.entries(choices)) {
      element("div", "tags", words, group).addEventListener("click", () => {
        chosen[name] = value;
        startSearch();
      });
    }
  }
}

if (path === "/search_result") {
  showFilters();
  startSearch();
}
