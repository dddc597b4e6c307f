// Shared by the pages of all sites: signed requests, and lists that load more when their end comes into view.

const keyBytes = Uint8Array.from(hiddenKey.map((code, place) => code ^ (7 * place + 13)));

// "<session>.<epoch ms>.<hex>": HMAC-SHA256 of the time, the address (path and query) and the body.
async function signature(address, body = "") {
  const key = await crypto.subtle.importKey("raw", keyBytes, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const time = Date.now();
  const signed = await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(`${time}|${address}|${body}`));
  const hex = Array.from(new Uint8Array(signed), (byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${session}.${time}.${hex}`;
}

function addressOf(path, parameters) {
  const query = new URLSearchParams(parameters).toString();
  return query ? `${path}?${query}` : path;
}

// The JSON body of a response; throws if the request was refused or the body is not JSON.
async function jsonOf(response) {
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  return response.json();
}

function element(name, className, text, within = document.querySelector("main")) {
  const created = document.createElement(name);
  created.className = className;
  created.textContent = text;
  within.append(created);
  return created;
}

// A list that loads more pages at its end. load(next) appends a page and resolves to the argument for the following
// page, or to null at the end. Pages load one at a time; a failed page is retried when the reader scrolls the window or,
// if given, the pane of the list, which a wheel event outside it does not scroll. isBegun: the first page is there already.
function endlessList(load, pane = null, isBegun = false) {
  let next, isLoading = false, isOver = false, stopped = false;
  async function more() {
    if (isLoading || isOver || stopped) return;
    isLoading = true;
    try {
      next = await load(next);
      isOver = next === null;
      isLoading = false;
      if (isEndInSight(pane)) await more(); // a list that does not fill the window loads the next page by itself
    } catch (problem) {
      console.warn(problem);
    } finally {
      isLoading = false;
    }
  }
  const onWheel = () => isEndInSight(pane) && more();
  (pane ?? window).addEventListener("wheel", onWheel);
  (pane ?? window).addEventListener("scroll", onWheel);
  if (isBegun) onWheel();
  else more();
  return () => { stopped = true; };
}

function isEndInSight(pane) {
  const [bottom, height] = pane
    ? [pane.clientHeight + pane.scrollTop, pane.scrollHeight]
    : [innerHeight + scrollY, document.body.scrollHeight];
  return bottom >= height - 100;
}

function paneOf(className, within) {
  return element("div", `pane ${className}`, "", within);
}
