import { existsSync } from 'node:fs'
import { type Browser, chromium } from 'playwright-core'

/** Where systems put it: Debian and Ubuntu, the runners of GitHub Actions, macOS. */
const usual = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
] as const

/**
 * A real Chromium without a window, which asks nobody anything by itself. `EVALKIT_CHROMIUM` names another one. Throws where there is
 * none: a page that was not looked at is not a page that passed.
 */
export async function startChromium(): Promise<Browser> {
  const named = process.env['EVALKIT_CHROMIUM']
  const executablePath = named ?? usual.find((path) => existsSync(path))
  if (executablePath === undefined || !existsSync(executablePath)) {
    throw new Error(
      `There is no Chromium at ${named ?? usual.join(', ')}.\n  hint  apt-get install chromium, or say where one is: EVALKIT_CHROMIUM=<path>`,
    )
  }
  return chromium.launch({
    executablePath,
    args: [
      // Of a container there is nothing below to shut it off from.
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}
