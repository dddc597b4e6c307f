// www.zhihu.com: searches at /search?q=…&sort=…&vertical=…&time_interval=…, posts with their comments at /answer/<id>,
// /zvideo/<id> and zhuanlan.zhihu.com/p/<id>, accounts at /people/<token>, their posts below that, and /hot.

const HOST = "/www.zhihu.com";
const query = new URLSearchParams(location.search);
const [, , page, name, tab] = location.pathname.split("/");

async function request(apiPath, parameters) {
  const address = addressOf(HOST + apiPath, parameters);
  const headers = { "x-zse-93": "101_3_3.0", "x-zse-96": await signature(address) };
  return jsonOf(await fetch(address, { headers }));
}

// The parameters of the next page, from its URL in paging.next; null at the end.
function nextOf(paging) {
  return paging.is_end ? null : Object.fromEntries(new URL(paging.next).searchParams);
}

async function search(next = {}) {
  const filters = { time_interval: query.get("time_interval") ?? "", sort: query.get("sort") ?? "" };
  const body = await request("/api/v4/search_v3", {
    gk_version: "gz-gaokao",
    t: "general",
    q: query.get("q"),
    correction: "1",
    offset: "0",
    limit: "20",
    filter_fields: "",
    lc_idx: next.offset ?? "0",
    show_all_topics: "0",
    search_source: "Filter",
    ...next,
    ...filters,
    vertical: query.get("vertical") ?? "",
  });
  for (const entry of body.data) element("section", "List-item low", entry.object?.excerpt ?? "");
  return nextOf(body.paging);
}

async function showPost(plural) {
  const post = await request(`/api/v4/${plural}/${name}`, {});
  element("article", "", post.excerpt);
  const actions = element("div", "ContentItem-actions", "");
  const button = element("button", "", `${post.comment_count} 条评论`, actions);
  button.addEventListener("click", () => {
    const pane = paneOf("Modal-content", document.querySelector("main"));
    endlessList((next) => comments(plural, pane, next), pane);
  });
}

async function comments(plural, pane, next = { order_by: "score", limit: "20" }) {
  const body = await request(`/api/v4/comment_v5/${plural}/${name}/root_comment`, next);
  for (const comment of body.data) showComment(comment, pane);
  return nextOf(body.paging);
}

function showComment(comment, within) {
  const item = element("section", "", comment.content, within);
  item.dataset.id = comment.id;
  for (const reply of comment.child_comments) element("p", "reply", reply.content, item);
  if (comment.child_comment_count <= comment.child_comments.length) return;
  const button = element("button", "", `查看全部 ${comment.child_comment_count} 条回复`, item);
  let next = { order_by: "ts", limit: "20" };
  button.addEventListener("click", async () => {
    const body = await request(`/api/v4/comment_v5/comment/${comment.id}/child_comment`, next);
    for (const reply of body.data) element("p", "reply", reply.content, item);
    next = nextOf(body.paging);
    if (next === null) button.remove();
  });
}

async function posts(next = { offset: "0", limit: "20", sort_by: "created" }) {
  const plural = tab === "posts" ? "articles" : tab;
  const body = await request(`/api/v4/members/${name}/${plural}`, next);
  for (const post of body.data) element("section", "List-item", post.excerpt);
  return nextOf(body.paging);
}

function showAccount() {
  const { users } = JSON.parse(document.getElementById("js-initialData").textContent).initialState.entities;
  element("h1", "", users[decodeURIComponent(name)].name);
}

async function showHotLists() {
  await request("/api/v4/search/top_search", {});
  const body = await request("/api/v3/feed/topstory/hot-list-web", { limit: "50", desktop: "true" });
  for (const row of body.data) element("section", "HotItem low", row.target?.title_area?.text ?? "");
}

const SHOW = {
  search: () => endlessList(search),
  answer: () => showPost("answers"),
  zvideo: () => showPost("zvideos"),
  p: () => showPost("articles"),
  people: () => (tab ? endlessList(posts) : showAccount()),
  hot: showHotLists,
};
SHOW[page]();
