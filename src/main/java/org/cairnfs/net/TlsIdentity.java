package org.cairnfs.net;

import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.util.List;

/**
 * What this node shows in TLS, and how it reads what others show.
 *
 * @param key private half of the first certificate's key
 * @param chain at least one certificate
 * @param verifier reads a peer's chain
 */
public record TlsIdentity(PrivateKey key, List<X509Certificate> chain, ChainVerifier verifier) {
  public TlsIdentity {
    chain = List.copyOf(chain);
  }

  /** Says nothing of the key. */
  @Override
  public String toString() {
    return "TlsIdentity[secret]";
  }
}
