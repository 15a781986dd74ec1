/** Whether a host is this machine: `localhost`, 127.0.0.0/8, ::1. Names that only resolve to it are not. */
export function isLoopback(host: string): boolean {
  const name = host.toLowerCase().replace(/^\[|\]$|\.$/g, '')
  if (name === '' || name === 'localhost' || name.endsWith('.localhost') || name === '::1') return true
  return /^(?:::ffff:)?127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(name)
}
