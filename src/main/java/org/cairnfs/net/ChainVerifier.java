package org.cairnfs.net;

import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.List;
import org.cairnfs.core.NodeId;

/** Tells whose certificates these are. Thread-safe; must not block. */
@FunctionalInterface
public interface ChainVerifier {
  /**
   * The node that the chain belongs to; whether it is welcome is not its concern.
   *
   * @param chain as the peer sent it, at least one
   * @throws CertificateException if it is no node's
   */
  NodeId verify(List<X509Certificate> chain) throws CertificateException;
}
