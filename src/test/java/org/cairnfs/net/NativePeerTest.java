package org.cairnfs.net;

/** On epoll and BoringSSL, where they can be loaded. */
final class NativePeerTest extends PeerContract {
  @Override
  TransportSettings settings() {
    return TestNode.QUICK;
  }
}
