// Counts seconds in which the reader really works: the page is visible and something was done within IDLE_MS.
// Gaps (a sleeping laptop, a throttled tab) count as one tick. The server bounds the sum by its own clock.

import { every, whileShown } from "./screens.js";
const IDLE_MS = 60_000;
const TICK_MS = 1000;
const LONGEST_TICK_MS = 2 * TICK_MS;
const SIGNS = ["pointerdown", "pointermove", "keydown", "wheel", "scroll", "touchstart"];

export class ActiveTime {
  constructor(seconds, now = () => performance.now()) {
    this.now = now;
    this.milliseconds = seconds * 1000;
    this.lastTick = this.lastSign = now();
  }

  start() {
    for (const sign of SIGNS) document.addEventListener(sign, () => this.sign(), whileShown({ passive: true, capture: true }));
    every(TICK_MS, () => this.tick(document.visibilityState === "visible"));
  }

  sign() {
    this.lastSign = this.now();
  }

  tick(isVisible) {
    const now = this.now();
    const passed = Math.min(now - this.lastTick, LONGEST_TICK_MS);
    this.lastTick = now;
    if (isVisible && now - this.lastSign < IDLE_MS) this.milliseconds += passed;
  }

  get seconds() {
    return Math.floor(this.milliseconds / 1000);
  }
}
