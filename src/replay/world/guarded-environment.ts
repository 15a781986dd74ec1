const preload = new URL('./child-guard.ts', import.meta.url).href.replace(
  /\.ts$/,
  import.meta.url.endsWith('.ts') ? '.ts' : '.js',
)

/** What is published is JavaScript. In a clone it is the source, which the oldest Node we run on has to be told to read. */
const flags =
  preload.endsWith('.ts') && !process.features.typescript
    ? `--experimental-strip-types --no-warnings --import=${preload}`
    : `--import=${preload}`

/**
 * An environment whose Node processes refuse the network beyond this machine, and tell the server at `origin` of what they
 * were asked for. Their own `NODE_OPTIONS` stay. `EVALKIT_GUARD: 'off'` leaves them as they are: for versions of Node that do
 * not know `--import` (before 18.18).
 */
export function guardedEnvironment(
  env: Readonly<Record<string, string>>,
  origin: string,
): Record<string, string> {
  if (env.EVALKIT_GUARD === 'off') return { ...env }
  const { NODE_OPTIONS: own = '' } = env
  return { ...env, EVALKIT_GUARD: origin, NODE_OPTIONS: `${own} ${flags}`.trim() }
}
