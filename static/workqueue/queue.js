// Pages of the queue: sends what still waits in this browser.

import { LocalStore } from "./local_store.js";
import { Outbox } from "./outbox.js";
import { askToLogIn } from "./prompts.js";
import { Server } from "./server.js";
import { Signs } from "./signs.js";

async function start(place) {
  const store = new LocalStore(place.dataset.person);
  const server = new Server(place.dataset);
  const signs = new Signs(place);
  const onLogin = () => askToLogIn(place.dataset.login, () => server.whoIsThere());
  const onWaiting = (count) => signs.say(count ? "An answer of yours waits to be sent; this happens by itself." : "", "warning");
  const outbox = new Outbox(store, server, { onWaiting, onLogin });
  const answers = await outbox.deliverLeftovers();
  const problem = answers.find((answer) => answer.kind === "refused");
  if (problem) signs.say(`An answer could not be stored: ${problem.body.error}`, "danger");
  else if (answers.length) signs.say("What waited in this browser is stored now.", "success");
}

for (const place of document.querySelectorAll("[data-work-outbox]")) start(place);
