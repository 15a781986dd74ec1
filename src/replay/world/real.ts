/** The clock and the timers as they were before anything of ours stood in their place. */
export const real = {
  Date: globalThis.Date,
  dateNow: globalThis.Date.now,
  /** Milliseconds since the process began, with fractions. */
  uptime: performance.now.bind(performance),
  setTimeout: globalThis.setTimeout,
  setInterval: globalThis.setInterval,
  setImmediate: globalThis.setImmediate,
  clearTimeout: globalThis.clearTimeout,
  clearInterval: globalThis.clearInterval,
  abortTimeout: AbortSignal.timeout.bind(AbortSignal),
} as const
