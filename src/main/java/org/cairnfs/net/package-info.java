/**
 * Peers over TCP: TLS 1.3 by node identity, a handshake, frames, requests with deadlines, streams
 * with flow control. docs/protocol.md describes the bytes.
 *
 * <p>{@link org.cairnfs.net.PeerTransport} makes a {@link org.cairnfs.net.PeerServer} and a
 * {@link org.cairnfs.net.PeerClient}; these are thread-safe. What belongs to one connection is
 * touched by its event loop only, unless it says otherwise. Knows neither blobs nor metadata:
 * messages are numbers and bytes. May import core; the only importer of Netty. Executors, clock,
 * randomness and credentials are handed in.
 */
@NullMarked
package org.cairnfs.net;

import org.jspecify.annotations.NullMarked;
