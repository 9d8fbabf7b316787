package org.cairnfs.net;

import java.time.Duration;

/**
 * What may be tuned without the peers noticing.
 *
 * @param eventLoops threads that move bytes
 * @param nativeParts whether epoll and BoringSSL are used where they can be loaded
 * @param connectLimit how long a connection may take to be made
 * @param handshakeLimit how long TLS and the handshake may take, each
 * @param keepAlive how long a side says nothing before it says that it is still there
 * @param silenceLimit how long the other side may say nothing before it is taken for dead
 * @param backOff first wait after a failed connection; doubles each time, with jitter
 * @param backOffMax longest such wait, and the wait after a peer broke the protocol
 * @param closeLimit how long closing may take
 */
public record TransportSettings(
    int eventLoops,
    boolean nativeParts,
    Duration connectLimit,
    Duration handshakeLimit,
    Duration keepAlive,
    Duration silenceLimit,
    Duration backOff,
    Duration backOffMax,
    Duration closeLimit) {
  public static final TransportSettings DEFAULT = new TransportSettings(
      2,
      true,
      Duration.ofSeconds(3),
      Duration.ofSeconds(5),
      Duration.ofSeconds(3),
      Duration.ofSeconds(10),
      Duration.ofMillis(50),
      Duration.ofSeconds(5),
      Duration.ofSeconds(5));
}
