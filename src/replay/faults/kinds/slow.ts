import { type Fault, seconds } from '../fault.ts'

export const slow: Fault = {
  name: 'slow',
  description: 'The right reply, late: after 30 s, or the time that is said.',
  places: ['model', 'http', 'tool'],
  argument: { ...seconds, fallback: 30_000 },
  done: () => 'yes',
  delivers: true,
  takes: (ms) => ms,
  try: ({ attempt }) => attempt,
}
