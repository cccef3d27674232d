declare module 'holdpoint:plugin/secrets@0.1.0' {
  /**
   * A placeholder for the named secret, to be put into a request; the host swaps it for the
   * value in the one place that the operator named. Absent when it is not granted.
   */
  export function placeholder(name: string): string | undefined;
}
