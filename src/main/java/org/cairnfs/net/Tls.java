package org.cairnfs.net;

import io.netty.channel.Channel;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslHandler;
import io.netty.handler.ssl.SslProvider;
import io.netty.util.ReferenceCountUtil;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLPeerUnverifiedException;
import org.cairnfs.core.NodeId;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * TLS 1.3 and nothing older, with certificates on both sides and without resumption: BoringSSL's
 * where it loads, the JDK's else. Thread-safe.
 */
final class Tls implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Tls.class);
  private static final String VERSION = "TLSv1.3";

  private final SslContext server;
  private final SslContext client;
  private final ChainVerifier verifier;
  private final Duration handshakeLimit;

  Tls(TlsIdentity identity, TransportSettings settings) {
    SslProvider provider = provider(settings);
    LOG.info("TLS is {}", provider == SslProvider.JDK ? "the JDK's" : OpenSsl.versionString());
    verifier = identity.verifier();
    handshakeLimit = settings.handshakeLimit();
    ChainKeys keys = new ChainKeys(identity);
    ChainTrust trust = new ChainTrust(verifier);
    try {
      server = SslContextBuilder.forServer(keys)
          .sslProvider(provider)
          .protocols(VERSION)
          .clientAuth(ClientAuth.REQUIRE)
          .trustManager(trust)
          .build();
      client = SslContextBuilder.forClient()
          .sslProvider(provider)
          .protocols(VERSION)
          .keyManager(keys)
          .trustManager(trust)
          .endpointIdentificationAlgorithm("")
          .build();
    } catch (SSLException e) {
      throw new IllegalStateException("TLS 1.3 cannot be set up", e);
    }
  }

  private static SslProvider provider(TransportSettings settings) {
    if (!settings.nativeParts()) {
      return SslProvider.JDK;
    }
    if (!OpenSsl.isAvailable()) {
      LOG.info("BoringSSL cannot be loaded: {}", OpenSsl.unavailabilityCause().toString());
      return SslProvider.JDK;
    }
    return SslProvider.OPENSSL_REFCNT;
  }

  SslHandler serverHandler(Channel channel) {
    return limited(server.newHandler(channel.alloc()));
  }

  SslHandler clientHandler(Channel channel) {
    return limited(client.newHandler(channel.alloc()));
  }

  private SslHandler limited(SslHandler handler) {
    handler.setHandshakeTimeoutMillis(handshakeLimit.toMillis());
    return handler;
  }

  /** The node at the other end, once TLS is done. */
  NodeId peer(SslHandler handler) throws SSLPeerUnverifiedException, CertificateException {
    List<X509Certificate> chain = new ArrayList<>();
    for (Certificate certificate : handler.engine().getSession().getPeerCertificates()) {
      chain.add((X509Certificate) certificate);
    }
    return verifier.verify(chain);
  }

  /** Call when the last connection is closed. */
  @Override
  public void close() {
    ReferenceCountUtil.release(server);
    ReferenceCountUtil.release(client);
  }
}
