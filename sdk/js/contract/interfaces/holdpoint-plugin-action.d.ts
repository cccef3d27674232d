/// <reference path="./holdpoint-plugin-model.d.ts" />
declare module 'holdpoint:plugin/action@0.1.0' {
  /**
   * The steps, in order.
   */
  export function plan(release: Release, settings: string): Array<Step>;
  export type Release = import('holdpoint:plugin/model@0.1.0').Release;
  export type Fault = import('holdpoint:plugin/model@0.1.0').Fault;
  export type Header = import('holdpoint:plugin/model@0.1.0').Header;
  /**
   * What a request carries.
   */
  export type Content = ContentBytes | ContentArtifact;
  /**
   * These bytes; none for no body.
   */
  export interface ContentBytes {
    tag: 'bytes',
    val: Uint8Array,
  }
  /**
   * The artifact of the release that has this name. The host reads it when it sends it, and
   * sends the bytes that were judged or nothing.
   */
  export interface ContentArtifact {
    tag: 'artifact',
    val: string,
  }
  /**
   * A request that changes something and is made by the host.
   */
  export interface PlannedRequest {
    /**
     * `POST`, `PUT`, `PATCH` or `DELETE`.
     */
    method: string,
    /**
     * Absolute URL. After its host, `{{NAME.POINTER}}` stands for the text, number or truth
     * value at a JSON pointer (RFC 6901) in the answer to the earlier step of that name; in an
     * undo, also to its own step. It is encoded, so that it stays one part of the path or of the
     * query.
     */
    url: string,
    /**
     * Headers, in order.
     */
    headers: Array<Header>,
    /**
     * What it carries.
     */
    content: Content,
    /**
     * Status codes that mean success; one at least.
     */
    success: Uint16Array,
    /**
     * Not empty where the service makes the same thing once for one `Idempotency-Key`, which the
     * host sends and which depends on this text, or where making it twice is the same as once.
     * A request with it, and a PUT or DELETE, is made again where nobody knows what became of it.
     */
    idempotencyKey: string,
  }
  /**
   * A text, number or truth value in an element of a list.
   */
  export interface Member {
    /**
     * JSON pointer within the element.
     */
    pointer: string,
    /**
     * What it is, as JSON writes it, a text without its quotes.
     */
    value: string,
  }
  /**
   * One element of a list in an answer.
   */
  export interface Element {
    /**
     * JSON pointer to the list; empty where the answer is the list.
     */
    list: string,
    /**
     * What the element that is meant has; one member at least.
     */
    members: Array<Member>,
  }
  /**
   * A question that shows whether a step was made. It is asked with `GET` where an earlier attempt
   * was cut and nobody knows what became of it. That there is nothing is believed a minute after
   * that attempt: the service may have been slow.
   */
  export interface Probe {
    /**
     * Absolute URL, as in a request.
     */
    url: string,
    /**
     * Headers, in order.
     */
    headers: Array<Header>,
    /**
     * Status codes of an answer that is understood. Without an element, 404 means that the step
     * was not made.
     */
    success: Uint16Array,
    /**
     * The step was made if the answer has this element, which then stands for the answer to the
     * step; absent where every answer that is understood says that it was made.
     */
    element?: Element,
  }
  /**
   * One step of a plan.
   */
  export interface Step {
    /**
     * Name in lower-case letters, digits and hyphens, unique in the plan.
     */
    name: string,
    /**
     * What it does, in a few words.
     */
    title: string,
    /**
     * What is asked for.
     */
    request: PlannedRequest,
    /**
     * What shows whether it was made; absent when nothing does.
     */
    probe?: Probe,
    /**
     * What takes it back; absent when nothing does.
     */
    undo?: PlannedRequest,
  }
}
