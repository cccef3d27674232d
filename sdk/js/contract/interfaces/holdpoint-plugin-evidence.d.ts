declare module 'holdpoint:plugin/evidence@0.1.0' {
  /**
   * All that the operator named, granted or not.
   */
  export function items(): Array<Item>;
  /**
   * The bytes of one, whole.
   */
  export function read(name: string): Uint8Array;
  /**
   * A file about the release.
   */
  export interface Item {
    /**
     * Name given by the operator.
     */
    name: string,
    /**
     * What it says it is: a media type, as the operator states.
     */
    mediaType: string,
    /**
     * `sha256:` and 64 lower-case hexadecimal digits.
     */
    digest: string,
    /**
     * Size in bytes.
     */
    size: bigint,
    /**
     * Who vouches for it, when the host has verified that; absent means unverified.
     */
    verifiedBy?: string,
  }
  /**
   * Why bytes could not be had.
   * # Variants
   *
   * ## `"unknown"`
   *
   * Nothing has that name.
   * ## `"not-granted"`
   *
   * The operator has not granted it.
   * ## `"too-large"`
   *
   * It is larger than what may cross in one value.
   */
  export type EvidenceError = 'unknown' | 'not-granted' | 'too-large';
}
