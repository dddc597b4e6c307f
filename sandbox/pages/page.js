// What the pages of all sites share: signed requests, and lists that go on when their end comes into sight.

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

// The JSON of an answer; throws for a refusal, or a body that is none.
async function answerOf(response) {
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  return response.json();
}

function element(name, className, text, within = document.querySelector("main")) {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  within.append(made);
  return made;
}

// A list that is filled by load(next), which resolves to what it wants to be called with for the page after, or null
// at the end. One page at a time; what failed is tried again when the reader scrolls: the window, or the pane that the
// list lies in, which a wheel that is turned elsewhere does not move. One that is begun has its first page already.
function endlessList(load, pane = null, isBegun = false) {
  let next, isLoading = false, isOver = false, stopped = false;
  async function more() {
    if (isLoading || isOver || stopped) return;
    isLoading = true;
    try {
      next = await load(next);
      isOver = next === null;
      isLoading = false;
      if (isEndInSight(pane)) await more(); // a list that does not fill the window goes on by itself
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
  const [seen, height] = pane
    ? [pane.clientHeight + pane.scrollTop, pane.scrollHeight]
    : [innerHeight + scrollY, document.body.scrollHeight];
  return seen >= height - 100;
}

function paneOf(className, within) {
  return element("div", `pane ${className}`, "", within);
}
