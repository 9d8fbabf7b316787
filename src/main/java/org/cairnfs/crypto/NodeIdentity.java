package org.cairnfs.crypto;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.interfaces.EdECPrivateKey;
import java.security.spec.NamedParameterSpec;
import java.security.spec.PKCS8EncodedKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import org.bouncycastle.crypto.params.Ed25519PrivateKeyParameters;
import org.cairnfs.core.NodeId;

/**
 * A node's identity: an Ed25519 key pair (RFC 8032), and the {@link NodeId} that is the SHA-256
 * over the public key's SubjectPublicKeyInfo encoding (RFC 8410). Immutable and thread-safe.
 */
public final class NodeIdentity {
  private static final String ALGORITHM = "Ed25519";
  private static final String PEM_BEGIN = "-----BEGIN PRIVATE KEY-----";
  private static final String PEM_END = "-----END PRIVATE KEY-----";
  private static final int PEM_LINE_LENGTH = 64;

  /**
   * SubjectPublicKeyInfo of an Ed25519 key up to its 32 bytes: always the same (RFC 8410 section
   * 4).
   */
  private static final String PUBLIC_KEY_PREFIX_HEX = "302a300506032b6570032100";

  private final PrivateKey privateKey;
  private final PublicKey publicKey;
  private final NodeId id;

  private NodeIdentity(PrivateKey privateKey, PublicKey publicKey) {
    this.privateKey = privateKey;
    this.publicKey = publicKey;
    this.id = idOf(publicKey);
  }

  /** A new identity for a new node. */
  public static NodeIdentity generate(SecureRandom random) {
    try {
      KeyPairGenerator generator = KeyPairGenerator.getInstance(ALGORITHM);
      generator.initialize(NamedParameterSpec.ED25519, random);
      var pair = generator.generateKeyPair();
      return new NodeIdentity(pair.getPrivate(), pair.getPublic());
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("this JDK has no " + ALGORITHM, e);
    }
  }

  /** The id of the node with that public key. */
  public static NodeId idOf(PublicKey publicKey) {
    return NodeId.of(Primitives.JDK.sha256().digest(publicKey.getEncoded()));
  }

  /**
   * Reads the identity that {@link #save} wrote, or any unencrypted PKCS#8 PEM of an Ed25519 key.
   *
   * @throws IOException if the file cannot be read
   * @throws BadKeyException if it is no such file (UNRECOGNISED_FILE) or does not hold such a key
   *     (DAMAGED)
   */
  public static NodeIdentity load(Path file) throws IOException, BadKeyException {
    String text = new String(PrivateFiles.read(file), ISO_8859_1).strip();
    if (!text.startsWith(PEM_BEGIN)) {
      throw new BadKeyException(
          BadKeyException.Reason.UNRECOGNISED_FILE,
          file + " is not an unencrypted private key in PEM form");
    }
    try {
      if (!text.endsWith(PEM_END)) {
        throw new IllegalArgumentException("the end of the PEM form is missing");
      }
      String body = text.substring(PEM_BEGIN.length(), text.length() - PEM_END.length());
      byte[] encoded = Base64.getMimeDecoder().decode(body);
      KeyFactory factory = KeyFactory.getInstance(ALGORITHM);
      PrivateKey privateKey = factory.generatePrivate(new PKCS8EncodedKeySpec(encoded));
      Arrays.fill(encoded, (byte) 0);
      return new NodeIdentity(privateKey, publicKeyOf(privateKey, factory));
    } catch (GeneralSecurityException | IllegalArgumentException e) {
      throw new BadKeyException(
          BadKeyException.Reason.DAMAGED, file + " does not hold an Ed25519 key", e);
    }
  }

  /** Writes or replaces the file: PKCS#8 in PEM form, mode 0600, durably. */
  public void save(Path file) throws IOException {
    Base64.Encoder base64 = Base64.getMimeEncoder(PEM_LINE_LENGTH, new byte[] {'\n'});
    String text =
        PEM_BEGIN + "\n" + base64.encodeToString(privateKey.getEncoded()) + "\n" + PEM_END + "\n";
    PrivateFiles.replace(file, text.getBytes(US_ASCII));
  }

  public NodeId id() {
    return id;
  }

  public PublicKey publicKey() {
    return publicKey;
  }

  public PrivateKey privateKey() {
    return privateKey;
  }

  @Override
  public String toString() {
    return "NodeIdentity[" + id + "]";
  }

  /** The JDK has no way from the private key to the public one; Bouncy Castle has. */
  private static PublicKey publicKeyOf(PrivateKey privateKey, KeyFactory factory)
      throws GeneralSecurityException {
    byte[] seed = ((EdECPrivateKey) privateKey)
        .getBytes()
        .orElseThrow(() -> new GeneralSecurityException("the key does not show its bytes"));
    byte[] point = new Ed25519PrivateKeyParameters(seed, 0).generatePublicKey().getEncoded();
    Arrays.fill(seed, (byte) 0);
    byte[] encoded =
        HexFormat.of().parseHex(PUBLIC_KEY_PREFIX_HEX + HexFormat.of().formatHex(point));
    return factory.generatePublic(new X509EncodedKeySpec(encoded));
  }
}
