package org.cairnfs.net;

import java.io.Closeable;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.util.Set;
import java.util.UUID;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import org.cairnfs.core.NodeId;
import org.cairnfs.crypto.NodeIdentity;

/** A client on the JDK's TLS sockets that sends whatever it is told to, and reads frames. */
final class RawPeer implements Closeable {
  /** A frame as a client sees it. */
  record Received(int type, long requestId, byte[] payload) {
    /** The failure's code. */
    int code() {
      return (payload[0] & 0xff) << 8 | (payload[1] & 0xff);
    }

    /** The failure's explanation. */
    String text() {
      return new String(payload, 2, payload.length - 2, StandardCharsets.UTF_8);
    }
  }

  private final NodeId id;
  private final Socket socket;
  private final DataOutputStream out;
  private final DataInputStream in;

  private RawPeer(NodeId id, Socket socket) throws IOException {
    this.id = id;
    this.socket = socket;
    socket.setSoTimeout((int) TestNode.LIMIT.toMillis());
    out = new DataOutputStream(socket.getOutputStream());
    in = new DataInputStream(socket.getInputStream());
  }

  /** Without TLS. */
  static RawPeer plain(InetSocketAddress address) throws IOException {
    return new RawPeer(NodeId.of(new byte[NodeId.SIZE_BYTES]), connect(address));
  }

  /** With TLS as a node, and nothing said yet. */
  static RawPeer tls(InetSocketAddress address) throws Exception {
    NodeIdentity identity = TestNode.newIdentity();
    TlsIdentity tls = TestNode.credentials(identity);
    return tls(address, identity.id(), managers(tls), "TLSv1.3");
  }

  /** With TLS of that version, and without a certificate. */
  static RawPeer anonymous(InetSocketAddress address, String version) throws Exception {
    return tls(address, NodeId.of(new byte[NodeId.SIZE_BYTES]), new KeyManager[0], version);
  }

  private static RawPeer tls(
      InetSocketAddress address, NodeId id, KeyManager[] keys, String version) throws Exception {
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keys, new TrustManager[] {new ChainTrust(chain -> id)}, new SecureRandom());
    Socket plain = connect(address);
    SSLSocket socket = (SSLSocket)
        context.getSocketFactory().createSocket(plain, "127.0.0.1", address.getPort(), true);
    socket.setEnabledProtocols(new String[] {version});
    try {
      socket.startHandshake();
    } catch (IOException e) {
      socket.close();
      throw e;
    }
    return new RawPeer(id, socket);
  }

  private static Socket connect(InetSocketAddress address) throws IOException {
    return new Socket(address.getAddress(), address.getPort());
  }

  private static KeyManager[] managers(TlsIdentity tls)
      throws GeneralSecurityException, IOException {
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    store.setKeyEntry("node", tls.key(), new char[0], tls.chain().toArray(X509Certificate[]::new));
    KeyManagerFactory factory = KeyManagerFactory.getInstance("SunX509");
    factory.init(store, new char[0]);
    return factory.getKeyManagers();
  }

  NodeId id() {
    return id;
  }

  Hello hello(UUID cluster, NodeId as) {
    return new Hello(cluster, as, Set.of(Role.MEMBER), 0, ChannelKind.CONTROL, "raw");
  }

  RawPeer send(byte[] bytes) throws IOException {
    out.write(bytes);
    out.flush();
    return this;
  }

  RawPeer sendFrame(int type, long requestId, byte[] payload) throws IOException {
    return sendHeader(FrameDecoder.COUNTED_HEADER_BYTES + payload.length, type, requestId)
        .send(payload);
  }

  RawPeer sendHeader(int length, int type, long requestId) throws IOException {
    out.writeInt(length);
    out.writeByte(type);
    out.writeLong(requestId);
    out.flush();
    return this;
  }

  /** Says a proper hello and hears the server's. */
  RawPeer greet() throws IOException {
    sendFrame(FrameType.HELLO.number(), 0, HelloCodec.encode(hello(TestNode.CLUSTER, id)));
    Received answer = receive();
    if (answer.type() != FrameType.HELLO.number()) {
      throw new IOException("greeted with a frame of type " + answer.type());
    }
    return this;
  }

  /** The next frame but those that keep alive. */
  Received receive() throws IOException {
    while (true) {
      int length = in.readInt();
      int type = in.readUnsignedByte();
      long requestId = in.readLong();
      byte[] payload = in.readNBytes(length - FrameDecoder.COUNTED_HEADER_BYTES);
      if (type != FrameType.KEEP_ALIVE.number()) {
        return new Received(type, requestId, payload);
      }
    }
  }

  /** Whether the server closes, after whatever else it says. */
  boolean isClosed() {
    try {
      while (in.read() >= 0) {
        // Whatever it says before.
      }
      return true;
    } catch (SocketTimeoutException e) {
      return false;
    } catch (IOException e) {
      return true;
    }
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
