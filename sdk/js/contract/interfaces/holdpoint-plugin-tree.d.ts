declare module 'holdpoint:plugin/tree@0.1.0' {
  /**
   * Names of what is directly in a folder, ordered as bytes; folders end with `/`.
   */
  export function entries(folder: string): Array<string>;
  /**
   * The bytes of a file, whole, as committed: no filter is applied.
   */
  export function read(path: string): Uint8Array;
  /**
   * Why a file could not be had.
   * # Variants
   *
   * ## `"missing"`
   *
   * There is nothing at that path.
   * ## `"not-a-file"`
   *
   * There is a folder, a link or a submodule at that path.
   * ## `"not-granted"`
   *
   * The operator has not granted it.
   * ## `"too-large"`
   *
   * It is larger than what may cross in one value.
   */
  export type TreeError = 'missing' | 'not-a-file' | 'not-granted' | 'too-large';
}
