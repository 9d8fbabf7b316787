package org.cairnfs.net;

import java.net.Socket;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedTrustManager;
import org.cairnfs.core.NodeId;

/**
 * Lets TLS accept every chain that is some node's. Which node, and whether it is welcome, is
 * decided after TLS, where the peer can be told why not.
 */
final class ChainTrust extends X509ExtendedTrustManager {
  private final ChainVerifier verifier;

  ChainTrust(ChainVerifier verifier) {
    this.verifier = verifier;
  }

  private void check(X509Certificate[] chain) throws CertificateException {
    NodeId unused = verifier.verify(List.of(chain));
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String type) throws CertificateException {
    check(chain);
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String type, Socket socket)
      throws CertificateException {
    check(chain);
  }

  @Override
  public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine)
      throws CertificateException {
    check(chain);
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String type) throws CertificateException {
    check(chain);
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String type, Socket socket)
      throws CertificateException {
    check(chain);
  }

  @Override
  public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine)
      throws CertificateException {
    check(chain);
  }

  /** None: a peer need not look for a certificate of one of them. */
  @Override
  public X509Certificate[] getAcceptedIssuers() {
    return new X509Certificate[0];
  }
}
