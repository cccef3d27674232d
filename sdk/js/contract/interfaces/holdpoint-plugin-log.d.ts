declare module 'holdpoint:plugin/log@0.1.0' {
  /**
   * Writes a line. Control characters are replaced when it is shown.
   */
  export function write(level: Level, message: string): void;
  /**
   * How much a line matters.
   * # Variants
   *
   * ## `"debug"`
   *
   * For finding defects.
   * ## `"info"`
   *
   * Worth knowing.
   * ## `"warn"`
   *
   * Worth a look.
   * ## `"error"`
   *
   * Something failed.
   */
  export type Level = 'debug' | 'info' | 'warn' | 'error';
}
