package org.cairnfs.node;

import java.io.IOException;
import java.security.SecureRandom;
import java.util.List;
import java.util.UUID;
import org.cairnfs.crypto.KeyFile;
import org.cairnfs.crypto.KeySlots;
import org.cairnfs.crypto.MasterKey;
import org.cairnfs.crypto.NodeIdentity;
import org.cairnfs.crypto.PassphraseCost;
import org.cairnfs.node.home.DiskFailures;
import org.cairnfs.node.home.Home;
import org.cairnfs.node.home.ListenAddress;
import org.cairnfs.node.home.NodeConfig;
import org.cairnfs.node.home.NodeProfile;
import org.cairnfs.node.home.OperatorException;
import org.cairnfs.node.home.Passphrase;
import org.cairnfs.node.home.Upkeep;
import org.jspecify.annotations.Nullable;

/**
 * The making of a new cluster of one node with a new, empty volume, and of that node's home. When
 * anything fails, what was made is removed. Not thread-safe.
 */
public final class Founding {
  private final Home home;
  private final @Nullable ListenAddress listen;
  private final SecureRandom random = new SecureRandom();

  private Founding(Home home, @Nullable ListenAddress listen) {
    this.home = home;
    this.listen = listen;
  }

  /** Makes sure that there can be a home there; changes nothing. */
  public static Founding prepare(Home home, @Nullable ListenAddress listen)
      throws OperatorException {
    FreshHome.requirePossible(home);
    if (listen != null) {
      listen.requireFree();
    }
    return new Founding(home, listen);
  }

  /**
   * Makes the home.
   *
   * @param passphrase opens the volume from then on; null to make a key file that does
   */
  public void carryOut(@Nullable Passphrase passphrase) throws OperatorException {
    try (FreshHome fresh = FreshHome.make(home, NodeIdentity.generate(random))) {
      makeKeys(fresh, passphrase);
      fresh.complete(new NodeConfig(
          UUID.randomUUID(),
          UUID.randomUUID(),
          listen,
          List.of(),
          NodeProfile.DEFAULT,
          Upkeep.DEFAULT,
          NodeConfig.IDLE_POLLING_DEFAULT));
    } catch (IOException e) {
      throw DiskFailures.explain("cannot make a home in " + home, e);
    }
  }

  private void makeKeys(FreshHome fresh, @Nullable Passphrase passphrase) throws IOException {
    try (MasterKey master = MasterKey.generate(random)) {
      KeySlots slots;
      if (passphrase != null) {
        slots = KeySlots.none()
            .withPassphrase(master, passphrase.bytes(), PassphraseCost.DEFAULT, random);
      } else {
        try (KeyFile keyFile = KeyFile.generate(random)) {
          fresh.make(home.volumeKey());
          keyFile.save(home.volumeKey());
          slots = KeySlots.none().withKeyFile(master, keyFile, random);
        }
      }
      fresh.make(home.volumeSlots());
      slots.save(home.volumeSlots());
    }
  }
}
