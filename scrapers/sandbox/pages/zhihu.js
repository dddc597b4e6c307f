// www.zhihu.com: a search at /search?q=…&sort=…&vertical=…&time_interval=….

const HOST = "/www.zhihu.com";
const asked = new URLSearchParams(location.search);
const path = location.pathname.slice(HOST.length);

async function ask(apiPath, parameters) {
  const address = addressOf(HOST + apiPath, parameters);
  const headers = { "x-zse-93": "101_3_3.0", "x-zse-96": await signature(address) };
  return answerOf(await fetch(address, { headers }));
}

// What the site names as the next page's parameters.
function nextOf(paging) {
  return paging.is_end ? null : Object.fromEntries(new URL(paging.next).searchParams);
}

async function search(next = {}) {
  const filters = { time_interval: asked.get("time_interval") ?? "", sort: asked.get("sort") ?? "" };
  const body = await ask("/api/v4/search_v3", {
    gk_version: "gz-gaokao",
    t: "general",
    q: asked.get("q"),
    correction: "1",
    offset: "0",
    limit: "20",
    filter_fields: "",
    lc_idx: next.offset ?? "0",
    show_all_topics: "0",
    search_source: "Filter",
    ...next,
    ...filters,
    vertical: asked.get("vertical") ?? "",
  });
  for (const entry of body.data) element("section", "List-item low", entry.object?.excerpt ?? "");
  return nextOf(body.paging);
}

if (path === "/search") endlessList(search);
