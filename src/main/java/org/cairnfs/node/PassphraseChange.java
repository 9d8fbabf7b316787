package org.cairnfs.node;

import java.io.IOException;
import java.security.SecureRandom;
import org.cairnfs.crypto.KeySlots;
import org.cairnfs.crypto.MasterKey;
import org.cairnfs.crypto.PassphraseCost;
import org.cairnfs.net.Role;
import org.cairnfs.node.home.DiskFailures;
import org.cairnfs.node.home.Home;
import org.cairnfs.node.home.NodeConfig;
import org.cairnfs.node.home.OperatorException;
import org.cairnfs.node.home.Passphrase;
import org.jspecify.annotations.Nullable;

/**
 * Gives a volume a passphrase, or another one. Works whether the node runs or not: it reads the
 * slots only when it starts.
 */
public final class PassphraseChange implements AutoCloseable {
  private final Home home;
  private final MasterKey master;

  private PassphraseChange(Home home, MasterKey master) {
    this.home = home;
    this.master = master;
  }

  /** Opens the volume, with its present passphrase if one is given, else with its key file. */
  public static PassphraseChange begin(Home home, @Nullable Passphrase present)
      throws OperatorException {
    if (NodeConfig.read(home).profile().role() == Role.STORAGE) {
      throw StorageNode.refuse("change the volume's passphrase");
    }
    return new PassphraseChange(home, VolumeUnlock.open(home, present));
  }

  /** From now on this is the volume's passphrase; a key file goes on to open it too. */
  public void set(Passphrase fresh) throws OperatorException {
    KeySlots slots = VolumeUnlock.slots(home)
        .withPassphrase(master, fresh.bytes(), PassphraseCost.DEFAULT, new SecureRandom());
    try {
      slots.save(home.volumeSlots());
    } catch (IOException e) {
      throw DiskFailures.explain("cannot replace the key slots " + home.volumeSlots(), e);
    }
  }

  @Override
  public void close() {
    master.close();
  }
}
