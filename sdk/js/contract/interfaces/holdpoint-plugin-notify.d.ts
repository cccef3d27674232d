/// <reference path="./holdpoint-plugin-model.d.ts" />
declare module 'holdpoint:plugin/notify@0.1.0' {
  /**
   * Composes the messages for an event; empty for none.
   */
  export function compose(release: Release, settings: string, event: Event, channel: Channel): Array<Message>;
  export type Release = import('holdpoint:plugin/model@0.1.0').Release;
  export type Fault = import('holdpoint:plugin/model@0.1.0').Fault;
  export type Finding = import('holdpoint:plugin/model@0.1.0').Finding;
  /**
   * What happened to the run.
   * # Variants
   *
   * ## `"planned"`
   *
   * The stages and their plugins are known.
   * ## `"started"`
   *
   * The first stage begins.
   * ## `"waiting"`
   *
   * An approval, a window or a lease is missing.
   * ## `"approved"`
   *
   * A hold was released.
   * ## `"blocked"`
   *
   * A finding or a fault stops the release.
   * ## `"overridden"`
   *
   * Somebody broke the glass.
   * ## `"deployed"`
   *
   * The commands were carried out.
   * ## `"verified"`
   *
   * The target was found healthy.
   * ## `"undone"`
   *
   * What was carried out was undone.
   * ## `"finished"`
   *
   * The run is over.
   */
  export type EventKind = 'planned' | 'started' | 'waiting' | 'approved' | 'blocked' | 'overridden' | 'deployed' | 'verified' | 'undone' | 'finished';
  /**
   * What a stage, or the run, came to.
   * # Variants
   *
   * ## `"go"`
   *
   * Nothing speaks against it.
   * ## `"no-go"`
   *
   * A finding blocks.
   * ## `"wait"`
   *
   * An approval, a window or a lease is missing.
   * ## `"fault"`
   *
   * A plugin or the host could not decide, which blocks.
   */
  export type Verdict = 'go' | 'no-go' | 'wait' | 'fault';
  /**
   * What happened, when, and why.
   */
  export interface Event {
    /**
     * What happened.
     */
    kind: EventKind,
    /**
     * The run's identifier.
     */
    run: string,
    /**
     * The stage that it happened in; absent for the run as a whole.
     */
    stage?: string,
    /**
     * What the stage came to, or the run when no stage is named; absent when that is not known
     * yet.
     */
    verdict?: Verdict,
    /**
     * One sentence on why.
     */
    reason: string,
    /**
     * The findings that block, those that matter most first; `rule` is the full name of the
     * rule here, with the plugin's. The host hands over as many as fit into its bounds.
     */
    findings: Array<Finding>,
  }
  /**
   * What a channel takes. Its address and its secret are the operator's, not the plugin's.
   */
  export interface Channel {
    /**
     * Name of the channel in the operator's configuration.
     */
    name: string,
    /**
     * Media type of the bodies that it takes.
     */
    mediaType: string,
    /**
     * The largest body, in bytes.
     */
    bodyBytesMax: number,
  }
  /**
   * A body for the channel.
   */
  export interface Message {
    /**
     * Media type of the body.
     */
    mediaType: string,
    /**
     * The body. JSON where the media type says so.
     */
    body: string,
    /**
     * One line on what it says, for the record.
     */
    summary: string,
  }
}
