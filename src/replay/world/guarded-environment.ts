const preload = new URL('./child-guard.ts', import.meta.url).href.replace(
  /\.ts$/,
  import.meta.url.endsWith('.ts') ? '.ts' : '.js',
)

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
  return { ...env, EVALKIT_GUARD: origin, NODE_OPTIONS: `${own} --import=${preload}`.trim() }
}
