package org.cairnfs.node.cluster;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import org.cairnfs.crypto.InvitationSecret;
import org.cairnfs.crypto.NodeCertificates;
import org.cairnfs.crypto.NodeIdentity;
import org.cairnfs.net.Role;
import org.cairnfs.node.Joining;
import org.cairnfs.node.home.Home;
import org.cairnfs.node.home.ListenAddress;
import org.cairnfs.node.home.NodeProfile;
import org.cairnfs.node.home.OperatorException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A node that a token names and that speaks another version of the protocol. */
final class OtherVersionTest {
  private static final SecureRandom RANDOM = new SecureRandom();
  private static final String WORDS = "this node speaks version 9";
  private static final int FAILURE_FRAME = 7;
  private static final int FRAME_REST_BYTES = 9;
  private static final int WRONG_VERSION = 16;

  private @TempDir Path directory;

  @Test
  void isNamedToWhoWantsToJoin() throws Exception {
    NodeIdentity identity = NodeIdentity.generate(RANDOM);
    try (SSLServerSocket server = listen(identity)) {
      CompletableFuture<Void> refusing = CompletableFuture.runAsync(
          () -> refuse(server), task -> new Thread(task, "refusing").start());
      ListenAddress address = new ListenAddress("127.0.0.1", server.getLocalPort());
      Home home = Home.at(directory.resolve("home"));
      Token token = new Token(
          UUID.randomUUID(),
          Role.MEMBER,
          List.of(identity.id()),
          List.of(address),
          InvitationSecret.generate(RANDOM));

      OperatorException refusal = catchThrowableOfType(
          OperatorException.class,
          () -> Joining.prepare(home, ClusterFixture.freePort())
              .carryOut(token, NodeProfile.DEFAULT));

      assertThat(refusal)
          .hasMessageContaining(address + " runs another version of Cairn: " + WORDS);
      refusing.join();
      assertThat(refusal.remedy()).contains("the same version on both hosts");
      assertThat(home.root()).doesNotExist();
    }
  }

  private static SSLServerSocket listen(NodeIdentity identity) throws Exception {
    NodeCertificates.Credentials credentials = NodeCertificates.issue(identity, RANDOM);
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    store.setKeyEntry(
        "node",
        credentials.key(),
        new char[0],
        credentials.chain().toArray(X509Certificate[]::new));
    KeyManagerFactory keys = KeyManagerFactory.getInstance("SunX509");
    keys.init(store, new char[0]);
    SSLContext tls = SSLContext.getInstance("TLSv1.3");
    tls.init(keys.getKeyManagers(), null, RANDOM);
    return (SSLServerSocket)
        tls.getServerSocketFactory().createServerSocket(0, 1, InetAddress.getLoopbackAddress());
  }

  /** Hears one hello, and answers as docs/protocol.md says a node of every version does. */
  private static void refuse(SSLServerSocket server) {
    try (SSLSocket socket = (SSLSocket) server.accept()) {
      DataInputStream in = new DataInputStream(socket.getInputStream());
      in.readNBytes(in.readInt());
      DataOutputStream out = new DataOutputStream(socket.getOutputStream());
      byte[] words = WORDS.getBytes(US_ASCII);
      out.writeInt(FRAME_REST_BYTES + Short.BYTES + words.length);
      out.writeByte(FAILURE_FRAME);
      out.writeLong(0);
      out.writeShort(WRONG_VERSION);
      out.write(words);
      out.flush();
      in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
