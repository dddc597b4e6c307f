// www.douyin.com: searches at /search/<keyword>?type=…&sort_type=…&publish_time=…, posts with their comments at /video/<id>
// and /note/<id>, accounts with their posts at /user/<sec_uid>, and the hot list at /hot.

const HOST = "/www.douyin.com";
const query = new URLSearchParams(location.search);
const parts = location.pathname.slice(HOST.length + 1).split("/").map(decodeURIComponent);
const DEVICE = { device_platform: "webapp", aid: "6383", channel: "channel_pc_web" };

async function request(path, parameters, read = jsonOf) {
  const address = addressOf(HOST + path, { ...DEVICE, ...parameters });
  return read(await fetch(`${address}&a_bogus=${await signature(address)}`));
}

// A streamed response: frames, each preceded by its size, with some of the cards each.
async function streamed(response) {
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  const frames = (await response.text()).split("\r\n").filter((line) => line.startsWith("{")).map(JSON.parse);
  return { ...frames.at(-1), data: frames.flatMap((frame) => frame.data) };
}

async function search(next) {
  const filters = { sort_type: query.get("sort_type") ?? "0", publish_time: query.get("publish_time") ?? "0" };
  const contentType = { video: "1", image: "2" }[query.get("type")];
  if (contentType) filters.content_type = contentType;
  const parameters = {
    search_channel: "aweme_general",
    keyword: parts[1],
    search_source: "tab_search",
    query_correct_type: "1",
    is_filter_search: "1",
    filter_selected: JSON.stringify(filters),
    count: "10",
    ...(next ?? { offset: "0", search_id: "" }),
  };
  const body = next
    ? await request("/aweme/v1/web/general/search/single/", parameters)
    : await request("/aweme/v1/web/general/search/stream/", parameters, streamed);
  for (const card of body.data) element("section", "search-result-card", card.aweme_info?.desc ?? "");
  return body.has_more ? { offset: String(body.cursor), search_id: body.extra.logid } : null;
}

async function comments(pane, cursor = "0") {
  const body = await request("/aweme/v1/web/comment/list/", { aweme_id: parts[1], cursor, count: "20", item_type: "0" });
  for (const comment of body.comments ?? []) showComment(comment, pane);
  return body.has_more ? String(body.cursor) : null;
}

function showComment(comment, within) {
  const item = element("section", "", comment.text, within);
  item.dataset.e2e = "comment-item";
  item.dataset.cid = comment.cid;
  if (comment.reply_comment_total === 0) return;
  const button = element("button", "", `展开${comment.reply_comment_total}条回复`, item);
  let cursor = "0";
  button.addEventListener("click", async () => {
    const parameters = { item_id: parts[1], comment_id: comment.cid, cursor, count: "20", item_type: "0" };
    const body = await request("/aweme/v1/web/comment/list/reply/", parameters);
    for (const reply of body.comments ?? []) element("p", "reply", reply.text, item);
    cursor = String(body.cursor);
    button.textContent = "展开更多";
    if (!body.has_more) button.remove();
  });
}

async function posts(list, max_cursor = "0") {
  const body = await request("/aweme/v1/web/aweme/post/", { sec_user_id: parts[1], count: "18", max_cursor });
  for (const aweme of body.aweme_list) element("section", "", aweme.desc, element("li", "", "", list));
  return body.has_more ? String(body.max_cursor) : null;
}

async function showPost() {
  const body = await request("/aweme/v1/web/aweme/detail/", { aweme_id: parts[1] });
  element("h1", "", body.aweme_detail?.desc ?? body.filter_detail.detail_msg);
  const pane = paneOf("", document.querySelector("main"));
  showComment({ text: "一条没有人看见的评论", cid: "0", reply_comment_total: 0 }, element("div", "unseen", "", pane));
  endlessList((cursor) => comments(pane, cursor), pane);
}

async function showAccount() {
  const body = await request("/aweme/v1/web/user/profile/other/", { sec_user_id: parts[1] });
  element("h1", "", body.user?.nickname ?? "用户不存在");
  const list = element("ul", "", "");
  list.dataset.e2e = "user-post-list";
  endlessList((max_cursor) => posts(list, max_cursor));
}

async function showHotList() {
  const body = await request("/aweme/v1/web/hot/search/list/", { detail_list: "1" });
  for (const row of body.data.word_list) element("section", "low", row.word);
}

const SHOW = {
  search: () => endlessList(search),
  video: showPost,
  note: showPost,
  user: showAccount,
  hot: showHotList,
};
SHOW[parts[0]]();
