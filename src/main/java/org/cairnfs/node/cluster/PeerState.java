package org.cairnfs.node.cluster;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.cairnfs.node.home.ListenAddress;
import org.cairnfs.proto.PeerHeartbeat;

/** How another node fares, as heard from it. Guarded by its {@link Heartbeats}. */
final class PeerState {
  /** A new measurement counts for a quarter. */
  private static final int SMOOTHING = 4;

  private final long since;
  private boolean asking;
  private boolean down = true;
  private long answeredNanos;
  private long roundTripNanos;
  private ClockDifference clock = ClockDifference.NONE;
  private String trouble = "it has not answered yet";
  private PeerHeartbeat said = PeerHeartbeat.getDefaultInstance();

  /** Where the node itself said it was. */
  private List<ListenAddress> heard = List.of();

  /** Which of the places to look for it comes next. */
  private int place;

  /** @param now as all times here nanoseconds of a clock that never jumps */
  PeerState(long now) {
    this.since = now;
    this.answeredNanos = now;
  }

  /** Whether it may be asked now; then it is being asked. */
  boolean beginAsking() {
    boolean may = !asking;
    asking = true;
    return may;
  }

  /**
   * It answered.
   *
   * @param clockMillis the time of day here
   * @return what is wrong with its clock, if nothing was before; else empty
   */
  String answered(long askedAt, long now, PeerHeartbeat heartbeat, long clockMillis) {
    asking = false;
    down = false;
    answeredNanos = now;
    long measured = Math.max(1, now - askedAt);
    roundTripNanos =
        roundTripNanos == 0 ? measured : roundTripNanos + (measured - roundTripNanos) / SMOOTHING;
    heardFrom(heartbeat);
    boolean known = clock.matters();
    // It said so halfway between the question and now.
    clock = ClockDifference.between(
        heartbeat.getClockMillis(), clockMillis - TimeUnit.NANOSECONDS.toMillis(measured / 2));
    return known ? "" : clock.trouble();
  }

  void heardFrom(PeerHeartbeat heartbeat) {
    said = heartbeat;
    heard = KnownNode.parse(heartbeat.getAddressesList());
  }

  /**
   * It did not answer.
   *
   * @param gone whether that says that it cannot be reached
   */
  void failed(boolean gone, String why) {
    asking = false;
    trouble = why;
    if (gone) {
      down = true;
      place++;
    }
  }

  boolean isLive(long now, Duration silenceLimit) {
    return !down && now - answeredNanos < silenceLimit.toNanos();
  }

  /** For how long it has not answered; since it is known here, if it never has. */
  Duration silence(long now) {
    return Duration.ofNanos(now - Math.max(answeredNanos, since));
  }

  /** Zero if it was not measured. */
  Duration roundTrip() {
    return Duration.ofNanos(roundTripNanos);
  }

  /** What it said last; empty if nothing. */
  PeerHeartbeat said() {
    return said;
  }

  /** What is wrong with it: why it is not live, or how far its clock is off. Empty if nothing. */
  String trouble(boolean live) {
    return live ? clock.trouble() : trouble;
  }

  /** Where to look for it next, if it is known where: as it says itself, or as others do. */
  List<ListenAddress> places(List<ListenAddress> told) {
    List<ListenAddress> all = new ArrayList<>(heard);
    told.stream().filter(address -> !heard.contains(address)).forEach(all::add);
    if (all.size() > 1) {
      Collections.rotate(all, -(place % all.size()));
    }
    return all;
  }
}
