package org.cairnfs.crypto;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.KeyPairGenerator;
import java.security.SecureRandom;
import java.security.Signature;
import java.util.Base64;
import org.cairnfs.core.NodeId;
import org.cairnfs.crypto.BadKeyException.Reason;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class NodeIdentityTest {
  /** The key of RFC 8032 section 7.1, test 1, as OpenSSL writes it. */
  private static final String PEM = """
      -----BEGIN PRIVATE KEY-----
      MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g
      -----END PRIVATE KEY-----
      """;

  @TempDir
  private Path directory;

  private Path file;

  @BeforeEach
  void namePath() {
    file = directory.resolve("identity.key");
  }

  @Test
  void theIdIsThePinnedOne() throws Exception {
    Files.writeString(file, PEM);

    NodeIdentity identity = NodeIdentity.load(file);

    assertThat(identity.id()).isEqualTo(NodeId.parse(Golden.hex("identity.id")));
    assertThat(identity).hasToString("NodeIdentity[" + Golden.hex("identity.id") + "]");
    identity.save(file);
    assertThat(file).hasContent(PEM);
  }

  @Test
  void anIdentitySurvivesTheFile() throws Exception {
    NodeIdentity made = NodeIdentity.generate(new SecureRandom());
    made.save(file);

    NodeIdentity loaded = NodeIdentity.load(file);

    assertThat(loaded.id()).isEqualTo(made.id()).isEqualTo(NodeIdentity.idOf(made.publicKey()));
    assertThat(loaded.publicKey()).isEqualTo(made.publicKey());
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
    Signature signature = Signature.getInstance("Ed25519");
    signature.initSign(loaded.privateKey());
    signature.update("message".getBytes(US_ASCII));
    byte[] signed = signature.sign();
    signature.initVerify(made.publicKey());
    signature.update("message".getBytes(US_ASCII));
    assertThat(signature.verify(signed)).isTrue();
  }

  @ParameterizedTest
  @CsvSource({
    "'', UNRECOGNISED_FILE",
    "CAIRN VOLUME KEY 1, UNRECOGNISED_FILE",
    "-----BEGIN PRIVATE KEY-----, DAMAGED",
    "-----BEGIN PRIVATE KEY-----|MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/Vpg|-----END PRIVATE KEY-----, DAMAGED",
    "-----BEGIN PRIVATE KEY-----|?|-----END PRIVATE KEY-----, DAMAGED"
  })
  void whatIsNoIdentityIsRefused(String lines, Reason reason) throws IOException {
    Files.writeString(file, lines.replace('|', '\n'));

    assertRefused(reason);
  }

  @Test
  void anotherKindOfKeyIsRefused() throws Exception {
    byte[] encoded =
        KeyPairGenerator.getInstance("EC").generateKeyPair().getPrivate().getEncoded();
    String base64 = Base64.getMimeEncoder().encodeToString(encoded);
    Files.writeString(
        file, "-----BEGIN PRIVATE KEY-----\n" + base64 + "\n-----END PRIVATE KEY-----\n");

    assertRefused(Reason.DAMAGED);
  }

  private void assertRefused(Reason reason) {
    assertThatThrownBy(() -> NodeIdentity.load(file))
        .isInstanceOfSatisfying(
            BadKeyException.class, e -> assertThat(e.reason()).isEqualTo(reason));
  }
}
