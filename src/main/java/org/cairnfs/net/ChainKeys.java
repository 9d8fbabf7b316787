package org.cairnfs.net;

import java.net.Socket;
import java.security.Principal;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.X509ExtendedKeyManager;
import org.jspecify.annotations.Nullable;

/**
 * Gives TLS the one key and chain that a node has, as they are. Else Netty puts them into a PKCS
 * #12 store, for each side of a connection, and hashes a password ten thousand times on each way
 * into it and out again, while the node starts.
 */
final class ChainKeys extends X509ExtendedKeyManager {
  private static final String ALIAS = "node";

  private final TlsIdentity identity;

  ChainKeys(TlsIdentity identity) {
    this.identity = identity;
  }

  /** The alias, if TLS can use a key of this kind. */
  private @Nullable String aliasIf(String... types) {
    for (String type : types) {
      if (type.equals(identity.key().getAlgorithm())) {
        return ALIAS;
      }
    }
    return null;
  }

  private String @Nullable [] aliasesIf(String type) {
    return aliasIf(type) == null ? null : new String[] {ALIAS};
  }

  @Override
  public String @Nullable [] getClientAliases(String type, Principal @Nullable [] issuers) {
    return aliasesIf(type);
  }

  @Override
  public @Nullable String chooseClientAlias(
      String[] types, Principal @Nullable [] issuers, @Nullable Socket socket) {
    return aliasIf(types);
  }

  @Override
  public @Nullable String chooseEngineClientAlias(
      String[] types, Principal @Nullable [] issuers, @Nullable SSLEngine engine) {
    return aliasIf(types);
  }

  @Override
  public String @Nullable [] getServerAliases(String type, Principal @Nullable [] issuers) {
    return aliasesIf(type);
  }

  @Override
  public @Nullable String chooseServerAlias(
      String type, Principal @Nullable [] issuers, @Nullable Socket socket) {
    return aliasIf(type);
  }

  @Override
  public @Nullable String chooseEngineServerAlias(
      String type, Principal @Nullable [] issuers, @Nullable SSLEngine engine) {
    return aliasIf(type);
  }

  @Override
  public X509Certificate @Nullable [] getCertificateChain(String alias) {
    return ALIAS.equals(alias) ? identity.chain().toArray(X509Certificate[]::new) : null;
  }

  @Override
  public @Nullable PrivateKey getPrivateKey(String alias) {
    return ALIAS.equals(alias) ? identity.key() : null;
  }
}
