// The adjudicator's unseen vote: an ordinary form, kept alive by heartbeats, that can be put off or skipped.

import { ActiveTime } from "../workqueue/active_time.js";
import { askReason } from "../workqueue/prompts.js";
import { Server } from "../workqueue/server.js";

const HEARTBEAT_MS = 30_000;

function start(form) {
  const facts = form.querySelector("[data-claim]").dataset;
  const server = new Server(facts);
  const time = new ActiveTime(Number(facts.active));
  const post = (call, body) => server.post(`${facts.calls}${call}/`, body);
  const giveBack = async (call, body) => {
    const answer = await post(call, body);
    if (answer.kind === "done") location.assign(answer.body.next);
    else if (answer.kind === "login") location.assign(facts.login);
    else document.dispatchEvent(new CustomEvent("toast", { detail: { text: answer.body?.error ?? "The server could not be reached. Try again.", tone: "danger" } }));
  };
  time.start();
  setInterval(() => post("heartbeat", { active_seconds: time.seconds }), HEARTBEAT_MS);
  for (const call of ["postpone", "finish"]) {
    form.querySelector(`[data-work-${call}]`).addEventListener("click", () => giveBack(call, {}));
  }
  form.querySelector("[data-work-skip]").addEventListener("click", async () => {
    const reason = await askReason();
    if (reason !== null) await giveBack("skip", { reason });
  });
}

for (const form of document.querySelectorAll("form[data-blind]")) start(form);
