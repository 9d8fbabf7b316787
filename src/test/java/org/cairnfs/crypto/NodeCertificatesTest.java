package org.cairnfs.crypto;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.security.SecureRandom;
import java.security.Signature;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.List;
import org.cairnfs.crypto.NodeCertificates.Credentials;
import org.junit.jupiter.api.Test;

final class NodeCertificatesTest {
  private final SecureRandom random = new SecureRandom();
  private final NodeIdentity identity = NodeIdentity.generate(random);
  private final Credentials credentials = NodeCertificates.issue(identity, random);

  @Test
  void aChainTellsWhoseItIs() throws Exception {
    assertThat(NodeCertificates.verify(credentials.chain())).isEqualTo(identity.id());
  }

  @Test
  void theKeyBelongsToTheFirstCertificate() throws Exception {
    assertItsKeyBelongsToIt(credentials);
  }

  @Test
  void whereThereIsNothingNativeTheJdkMakesTheKey() throws Exception {
    Credentials own = NodeCertificates.issue(identity, random, Primitives.JDK);

    assertThat(NodeCertificates.verify(own.chain())).isEqualTo(identity.id());
    assertItsKeyBelongsToIt(own);
  }

  private static void assertItsKeyBelongsToIt(Credentials credentials) throws Exception {
    byte[] message = {1, 2, 3};
    Signature signature = Signature.getInstance("SHA256withECDSA");
    signature.initSign(credentials.key());
    signature.update(message);
    byte[] signed = signature.sign();
    signature.initVerify(credentials.chain().get(0));
    signature.update(message);
    assertThat(signature.verify(signed)).isTrue();
  }

  @Test
  void everyRunHasItsOwnKey() throws Exception {
    Credentials again = NodeCertificates.issue(identity, random);

    assertThat(again.key().getEncoded()).isNotEqualTo(credentials.key().getEncoded());
    assertThat(NodeCertificates.verify(again.chain())).isEqualTo(identity.id());
  }

  @Test
  void noDateKeepsANodeOut() throws Exception {
    for (X509Certificate certificate : credentials.chain()) {
      assertThat(certificate.getNotBefore().toInstant()).isEqualTo("1970-01-01T00:00:00Z");
      assertThat(certificate.getNotAfter().toInstant()).isEqualTo("9999-12-31T23:59:59Z");
    }
  }

  @Test
  void aSessionSignedByAnotherNodeIsRefused() {
    Credentials other = NodeCertificates.issue(NodeIdentity.generate(random), random);

    assertRefused(other.chain().get(0), credentials.chain().get(1));
  }

  @Test
  void chainsOfAnotherShapeAreRefused() {
    X509Certificate session = credentials.chain().get(0);
    X509Certificate own = credentials.chain().get(1);

    assertRefused();
    assertRefused(session);
    assertRefused(own);
    assertRefused(own, session);
    assertRefused(own, own);
    assertRefused(session, session);
    assertRefused(session, own, own);
  }

  @Test
  void secretsAreNotPrinted() {
    assertThat(credentials).hasToString("Credentials[secret]");
  }

  private static void assertRefused(X509Certificate... chain) {
    assertThatThrownBy(() -> NodeCertificates.verify(List.of(chain)))
        .isInstanceOf(CertificateException.class);
  }
}
