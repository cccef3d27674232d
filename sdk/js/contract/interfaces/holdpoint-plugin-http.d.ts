/// <reference path="./holdpoint-plugin-model.d.ts" />
declare module 'holdpoint:plugin/http@0.1.0' {
  /**
   * Sends one request and reads the response whole. Redirects are not followed.
   */
  export function send(request: HttpRequest): HttpResponse;
  export type Header = import('holdpoint:plugin/model@0.1.0').Header;
  /**
   * A whole request.
   */
  export interface HttpRequest {
    /**
     * `GET`, `HEAD`, or `POST` where the operator states that it only reads.
     */
    method: string,
    /**
     * Absolute URL.
     */
    url: string,
    /**
     * Headers, in order. Hop-by-hop headers and `Host` are the host's.
     */
    headers: Array<Header>,
    /**
     * Body, empty for none.
     */
    body: Uint8Array,
  }
  /**
   * A whole response.
   */
  export interface HttpResponse {
    /**
     * Status code.
     */
    status: number,
    /**
     * Headers, in order, names in lower case.
     */
    headers: Array<Header>,
    /**
     * Body, whole.
     */
    body: Uint8Array,
  }
  /**
   * Why there is no response.
   */
  export type HttpError = HttpErrorNotGranted | HttpErrorMalformed | HttpErrorUnreachable | HttpErrorTimedOut;
  /**
   * The request is not granted; the text names what would be needed.
   */
  export interface HttpErrorNotGranted {
    tag: 'not-granted',
    val: string,
  }
  /**
   * The request is malformed.
   */
  export interface HttpErrorMalformed {
    tag: 'malformed',
    val: string,
  }
  /**
   * The other side could not be reached or broke off.
   */
  export interface HttpErrorUnreachable {
    tag: 'unreachable',
    val: string,
  }
  /**
   * The deadline passed.
   */
  export interface HttpErrorTimedOut {
    tag: 'timed-out',
  }
}
