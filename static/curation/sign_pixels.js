// The pixel review's form: the first signature of a sitting asks who it is, then the pressed button acts.

import { askToSign } from "../workqueue/prompts.js";
import { Server } from "../workqueue/server.js";

function start(form) {
  const server = new Server({ csrf: form.elements.csrfmiddlewaretoken.value });
  form.addEventListener("submit", async (event) => {
    const button = event.submitter;
    const needed = form.elements[button?.dataset.signNeeds];
    if (!form.dataset.signs || !button || needed?.value.trim() === "") return; // the server says what is missing
    event.preventDefault();
    const send = async (password) => {
      const answer = await server.post(button.dataset.sign, { password });
      if (answer.kind === "login") location.reload(); // leads through the login and back to this image
      return answer;
    };
    const { proof, provider } = form.dataset;
    const asked = { name: form.dataset.signs, meaning: button.dataset.signsAs, proof, provider, page: button.dataset.signPage };
    if (!(await askToSign(asked, send))) return;
    delete form.dataset.signs;
    form.requestSubmit(button);
  });
}

for (const form of document.querySelectorAll("form[data-signs]")) start(form);
