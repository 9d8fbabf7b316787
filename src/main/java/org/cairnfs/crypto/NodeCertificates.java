package org.cairnfs.crypto;

import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.security.interfaces.ECPublicKey;
import java.security.spec.ECGenParameterSpec;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.cairnfs.core.NodeId;

/**
 * Certificates by which a node shows in TLS that it is who it is: a self-signed one of its identity
 * key, and one, signed with that key, of a P-256 key that lives as long as the process.
 *
 * <p>Two, because BoringSSL does not sign with Ed25519 unless told to, and because so the identity
 * key never leaves the JDK. There is no authority: whoever checks a chain learns a {@link NodeId}
 * and decides by that alone. Names and dates mean nothing and are the same in every certificate, so
 * that a wrong clock keeps nobody out. Stateless.
 */
public final class NodeCertificates {
  private static final String IDENTITY_ALGORITHM = "Ed25519";
  private static final String SESSION_CURVE = "secp256r1";
  private static final int SESSION_FIELD_BITS = 256;
  private static final int CHAIN_LENGTH = 2;
  private static final int SERIAL_BITS = 126;
  private static final X500Name IDENTITY_NAME = new X500Name("CN=cairn node");
  private static final X500Name SESSION_NAME = new X500Name("CN=cairn session");

  private static final Instant ALWAYS = Instant.EPOCH;

  /** No well-defined end: RFC 5280 section 4.1.2.5. */
  private static final Instant NEVER = Instant.parse("9999-12-31T23:59:59Z");

  /**
   * What a process needs to speak as its node.
   *
   * @param key private half of the first certificate's key
   * @param chain the session's certificate, then the identity's
   */
  public record Credentials(PrivateKey key, List<X509Certificate> chain) {
    /** Says nothing of the key. */
    @Override
    public String toString() {
      return "Credentials[secret]";
    }
  }

  private NodeCertificates() {}

  /** New credentials for one run of the node. */
  public static Credentials issue(NodeIdentity identity, SecureRandom random) {
    return issue(identity, random, Primitives.fastest());
  }

  /** @param primitives make the session's key; native ones with random bits of their own */
  static Credentials issue(NodeIdentity identity, SecureRandom random, Primitives primitives) {
    try {
      KeyPairGenerator generator = primitives.ellipticCurve();
      generator.initialize(new ECGenParameterSpec(SESSION_CURVE), random);
      KeyPair session = generator.generateKeyPair();
      X509Certificate own = sign(identity, IDENTITY_NAME, identity.publicKey(), random);
      X509Certificate leaf = sign(identity, SESSION_NAME, session.getPublic(), random);
      return new Credentials(session.getPrivate(), List.of(leaf, own));
    } catch (GeneralSecurityException | OperatorCreationException e) {
      throw new IllegalStateException("this JDK cannot make certificates", e);
    }
  }

  /**
   * The node whose credentials these are. That the peer holds the first certificate's key, TLS
   * shows.
   *
   * @param chain as the peer sent it
   * @throws CertificateException if it is anything but what {@link #issue} makes
   */
  public static NodeId verify(List<X509Certificate> chain) throws CertificateException {
    if (chain.size() != CHAIN_LENGTH) {
      throw new CertificateException(
          "a node shows " + CHAIN_LENGTH + " certificates, not " + chain.size());
    }
    PublicKey identity = chain.get(1).getPublicKey();
    String algorithm = identity.getAlgorithm();
    if (!algorithm.equals(IDENTITY_ALGORITHM) && !algorithm.equals("EdDSA")) {
      throw new CertificateException("a node's key is Ed25519, not " + algorithm);
    }
    if (!(chain.get(0).getPublicKey() instanceof ECPublicKey session)
        || session.getParams().getCurve().getField().getFieldSize() != SESSION_FIELD_BITS) {
      throw new CertificateException("a session's key is on P-256");
    }
    try {
      chain.get(1).verify(identity);
      chain.get(0).verify(identity);
    } catch (GeneralSecurityException e) {
      throw new CertificateException("a certificate is not signed by the node's key", e);
    }
    return NodeIdentity.idOf(identity);
  }

  private static X509Certificate sign(
      NodeIdentity identity, X500Name subject, PublicKey key, SecureRandom random)
      throws GeneralSecurityException, OperatorCreationException {
    JcaX509v3CertificateBuilder certificate = new JcaX509v3CertificateBuilder(
        IDENTITY_NAME,
        new BigInteger(SERIAL_BITS, random).add(BigInteger.ONE),
        Date.from(ALWAYS),
        Date.from(NEVER),
        subject,
        key);
    return new JcaX509CertificateConverter()
        .getCertificate(certificate.build(
            new JcaContentSignerBuilder(IDENTITY_ALGORITHM).build(identity.privateKey())));
  }
}
