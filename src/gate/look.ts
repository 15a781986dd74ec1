/** One of several looks at a run that grows: after each the gate is asked, and more trials are played as long as it is open. */
export interface Look {
  /** The one-sided level of every bound at this look. */
  readonly level: number
  /** Whether more trials come where this look settles nothing. */
  readonly isOpen: boolean
}
