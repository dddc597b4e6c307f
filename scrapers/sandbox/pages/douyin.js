// www.douyin.com: a search at /search/<keyword>?type=…&sort_type=…&publish_time=….

const HOST = "/www.douyin.com";
const asked = new URLSearchParams(location.search);
const parts = location.pathname.slice(HOST.length + 1).split("/").map(decodeURIComponent);
const DEVICE = { device_platform: "webapp", aid: "6383", channel: "channel_pc_web" };

async function ask(path, parameters) {
  const address = addressOf(HOST + path, { ...DEVICE, ...parameters });
  return answerOf(await fetch(`${address}&a_bogus=${await signature(address)}`));
}

async function search(next) {
  const filters = { sort_type: asked.get("sort_type") ?? "0", publish_time: asked.get("publish_time") ?? "0" };
  const contentType = { video: "1", image: "2" }[asked.get("type")];
  if (contentType) filters.content_type = contentType;
  const body = await ask("/aweme/v1/web/general/search/single/", {
    search_channel: "aweme_general",
    keyword: parts[1],
    search_source: "tab_search",
    query_correct_type: "1",
    is_filter_search: "1",
    filter_selected: JSON.stringify(filters),
    count: "10",
    ...(next ?? { offset: "0", search_id: "" }),
  });
  for (const card of body.data) element("section", "search-card", card.aweme_info?.desc ?? "");
  return body.has_more ? { offset: String(body.cursor), search_id: body.extra.logid } : null;
}

if (parts[0] === "search") endlessList(search);
