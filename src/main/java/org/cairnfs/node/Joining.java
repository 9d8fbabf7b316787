package org.cairnfs.node;

import java.io.IOException;
import java.nio.file.Files;
import java.security.SecureRandom;
import java.time.Clock;
import org.cairnfs.crypto.KeyFile;
import org.cairnfs.crypto.KeySlots;
import org.cairnfs.crypto.NodeIdentity;
import org.cairnfs.node.cluster.Admission;
import org.cairnfs.node.cluster.JoinClient;
import org.cairnfs.node.cluster.KnownNodes;
import org.cairnfs.node.cluster.Token;
import org.cairnfs.node.home.DiskFailures;
import org.cairnfs.node.home.Home;
import org.cairnfs.node.home.ListenAddress;
import org.cairnfs.node.home.NodeConfig;
import org.cairnfs.node.home.NodeProfile;
import org.cairnfs.node.home.OperatorException;
import org.cairnfs.node.home.Upkeep;
import org.jspecify.annotations.Nullable;

/**
 * The making of a node that belongs to a cluster there is: it is admitted, and its home is made.
 * When anything fails, what was made is removed. Not thread-safe.
 */
public final class Joining {
  private final Home home;
  private final ListenAddress listen;
  private final SecureRandom random = new SecureRandom();

  private Joining(Home home, ListenAddress listen) {
    this.home = home;
    this.listen = listen;
  }

  /** Makes sure that there can be a home there, and a server; changes nothing. */
  public static Joining prepare(Home home, ListenAddress listen) throws OperatorException {
    FreshHome.requirePossible(home);
    listen.requireFree();
    return new Joining(home, listen);
  }

  /**
   * Has the node admitted and makes its home. Blocks while others answer.
   *
   * @param profile of which the role is the token's
   * @return what the operator should know although all went well; empty if nothing
   */
  public String carryOut(Token token, NodeProfile profile) throws OperatorException {
    NodeIdentity identity = NodeIdentity.generate(random);
    try (FreshHome fresh = FreshHome.make(home, identity);
        Admission admission = admit(token, profile, identity)) {
      fresh.make(home.knownNodes());
      KnownNodes.save(home.knownNodes(), admission.nodes());
      @Nullable KeySlots slots = admission.slots();
      if (slots != null) {
        fresh.make(home.volumeSlots());
        slots.save(home.volumeSlots());
      }
      @Nullable KeyFile keyFile = admission.keyFile();
      if (keyFile != null) {
        fresh.make(home.volumeKey());
        keyFile.save(home.volumeKey());
      }
      fresh.complete(new NodeConfig(
          token.cluster(),
          admission.volume(),
          listen,
          token.addresses(),
          profile,
          Upkeep.DEFAULT,
          NodeConfig.IDLE_POLLING_DEFAULT));
      return admission.notice();
    } catch (IOException e) {
      throw DiskFailures.explain("cannot make a home in " + home, e);
    }
  }

  private Admission admit(Token token, NodeProfile profile, NodeIdentity identity)
      throws OperatorException, IOException {
    long disk = Files.getFileStore(home.segments()).getTotalSpace();
    try (JoinClient client = JoinClient.open(
        token, identity, Version.software(), Threads.named("join"), random, Clock.systemUTC())) {
      return client.join(listen, profile, profile.capacityBytes().orElse(disk));
    }
  }
}
