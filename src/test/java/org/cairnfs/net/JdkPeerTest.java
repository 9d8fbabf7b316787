package org.cairnfs.net;

/** On NIO and the JDK's TLS. */
final class JdkPeerTest extends PeerContract {
  @Override
  TransportSettings settings() {
    TransportSettings quick = TestNode.QUICK;
    return new TransportSettings(
        quick.eventLoops(),
        false,
        quick.connectLimit(),
        quick.handshakeLimit(),
        quick.keepAlive(),
        quick.silenceLimit(),
        quick.backOff(),
        quick.backOffMax(),
        quick.closeLimit());
  }
}
