// www.xiaohongshu.com: searches whose order and kind are chosen in a panel (筛选) that opens when the pointer is over it,
// and whose notes open in an overlay; notes with their comments at /explore/<id>?xsec_token=…; accounts with their notes at
// /user/profile/<id>.

const API = "/edith.xiaohongshu.com/api/sns/web";
const SEARCH = "/so.xiaohongshu.com/api/sns/web/v2/search/notes";
const query = new URLSearchParams(location.search);
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
  const body = await jsonOf(response);
  if (body.code !== 0) throw new Error(`code ${body.code}`);
  return body.data;
}

const SORTS = { 综合: "general", 最新: "time_descending", 最多点赞: "popularity_descending" };
const TYPES = { 不限: "不限", 视频: "视频笔记", 图文: "普通笔记" };
const chosen = { sort_type: "general", filter_note_type: "不限" };
let stop = () => {};

function startSearch() {
  stop();
  document.querySelector("main").replaceChildren();
  const search_id = Date.now().toString(36);
  stop = endlessList(async (page = 1) => {
    const parameters = { keyword: query.get("keyword"), page, page_size: 20, search_id, sort: "general", note_type: 0 };
    const filters = Object.entries(chosen).map(([type, tag]) => ({ tags: [tag], type }));
    const data = await post(SEARCH, { ...parameters, ext_flags: [], filters, geo: "", image_formats: [] });
    for (const { id, xsec_token, note_card } of data.items ?? []) {
      if (note_card) showItem(id, xsec_token, note_card.display_title);
    }
    return data.has_more ? page + 1 : null;
  });
}

function showItem(id, xsec_token, title) {
  const section = element("section", "note-item", "");
  const link = element("a", "cover", title ?? "无标题", section);
  link.href = `/www.xiaohongshu.com/search_result/${id}?xsec_token=${encodeURIComponent(xsec_token)}`;
  link.addEventListener("click", (event) => {
    event.preventDefault();
    openNote(id, xsec_token);
  });
}

async function openNote(id, xsec_token) {
  const note = element("div", "note-container", "", document.body);
  note.id = "note";
  element("div", "close-circle", "关闭", note).addEventListener("click", () => note.remove());
  await feed(id, xsec_token, note);
}

async function feed(id, xsec_token, within) {
  const parameters = { source_note_id: id, image_formats: [], extra: { need_body_topic: "1" }, xsec_source: "pc_search" };
  const data = await post(`${API}/v1/feed`, { ...parameters, xsec_token });
  element("p", "desc", data.items[0].note_card.desc, within);
}

function showFilters() {
  const top = element("div", "search-layout__top", "", document.querySelector("header"));
  const filter = element("div", "filter", "", top);
  element("span", "", "筛选", filter);
  const panel = element("div", "filter-panel", "", filter);
  panel.hidden = true;
  filter.addEventListener("mouseenter", () => { panel.hidden = false; });
  filter.addEventListener("mouseleave", () => { panel.hidden = true; });
  for (const [type, label, choices] of [["sort_type", "排序依据", SORTS], ["filter_note_type", "笔记类型", TYPES]]) {
    const group = element("div", "filters", "", panel);
    element("span", "", label, group);
    for (const [words, tag] of Object.entries(choices)) {
      const copy = element("div", "tags", "", group); // a hidden copy precedes each choice, as on the site
      copy.ariaHidden = "true";
      copy.style.display = "none";
      element("span", "", words, copy);
      const choice = element("div", "tags", "", group);
      element("span", "", words, choice);
      choice.addEventListener("click", () => {
        chosen[type] = tag;
        startSearch();
      });
    }
  }
}

async function showNote(note_id) {
  const xsec_token = query.get("xsec_token");
  const scroller = paneOf("note-scroller", document.querySelector("main"));
  await feed(note_id, xsec_token, scroller);
  const parameters = { note_id, top_comment_id: "", image_formats: "jpg,webp,avif", xsec_token };
  endlessList(async (cursor = "") => {
    const data = await get("/v2/comment/page", { ...parameters, cursor });
    for (const comment of data.comments) showComment(comment, parameters, scroller);
    return data.has_more ? data.cursor : null;
  }, scroller);
}

function showComment(comment, parameters, within) {
  const thread = element("section", "parent-comment", "", within);
  element("div", "comment-item", comment.content, thread).id = `comment-${comment.id}`;
  for (const reply of comment.sub_comments) element("p", "reply", reply.content, thread);
  if (!comment.sub_comment_has_more) return;
  const more = element("div", "show-more", `展开 ${comment.sub_comment_count} 条回复`, thread);
  let cursor = comment.sub_comment_cursor;
  more.addEventListener("click", async () => {
    const data = await get("/v2/comment/sub/page", { ...parameters, root_comment_id: comment.id, num: "10", cursor });
    for (const reply of data.comments) element("p", "reply", reply.content, thread);
    cursor = data.cursor;
    more.textContent = "展开更多回复";
    if (!data.has_more) more.remove();
  });
}

function showAccount(user_id) {
  const { notes, noteQueries } = window.__INITIAL_STATE__.user;
  for (const { id, xsecToken, noteCard } of notes[0]) showItem(id, xsecToken, noteCard.displayTitle);
  const { cursor: first, hasMore } = noteQueries[0];
  if (!hasMore) return;
  endlessList(async (cursor = first) => {
    const data = await get("/v1/user_posted", { num: "30", cursor, user_id, image_formats: "jpg,webp,avif" });
    for (const note of data.notes) showItem(note.note_id, note.xsec_token, note.display_title);
    return data.has_more ? data.cursor : null;
  }, null, true);
}

const id = path.split("/").at(-1);
if (path === "/search_result") {
  showFilters();
  startSearch();
} else if (path.startsWith("/explore/")) {
  showNote(id);
} else {
  showAccount(id);
}
