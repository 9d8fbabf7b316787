package org.cairnfs.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.cairnfs.node.cluster.Token;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Nodes in processes of their own, each with an address of its own on this host. */
@Tag("alone")
final class ClusterIT {
  private static final int FILES = 200;

  /** A node that was killed for a test is missed before long. */
  private static final String OUT_SOON = "out.after=5s\n";

  /** Only the time of day: a JVM that waits by another clock than it reads waits for ever. */
  private static final List<String> AN_HOUR_AHEAD = List.of(
      "env",
      "DONT_FAKE_MONOTONIC=1",
      "FAKETIME_FORCE_MONOTONIC_FIX=0",
      "NO_FAKE_STAT=1",
      "faketime",
      "-f",
      "+1h");

  private @TempDir Path directory;

  @RegisterExtension
  final Hosts hosts = new Hosts(() -> directory);

  @Test
  void oneTreeOnThreeHostsWhateverHappensToOne() throws Exception {
    Hosts.Host one = hosts.found();
    Hosts.Host two = hosts.joinAndMount(one);
    assertThat(two.mount()).isEmptyDirectory();
    String token = Hosts.invite(two);
    Hosts.Host three = whoIsAdmitted(token, hosts.host(), hosts.host());
    three.mounted();
    assertThat(Files.readString(three.cairn().home().resolve("cairn.properties")))
        .contains("bootstrap=" + two.listen() + "," + one.listen());
    assertThat(three.peers()).contains(one.listen(), two.listen(), three.listen());
    copiesAreAsTheVolumeSays(one, three);

    Path original = directory.resolve("original");
    Hosts.makeTree(original, FILES, 1);
    Hosts.makeTree(one.mount().resolve("tree"), FILES, 1);
    Hosts.assertSame(original, three.mount().resolve("tree"));

    // Close-to-open, both ways.
    Files.writeString(two.mount().resolve("note"), "from two");
    assertThat(three.mount().resolve("note")).hasContent("from two");
    Files.writeString(three.mount().resolve("note"), "from three");
    assertThat(two.mount().resolve("note")).hasContent("from three");

    one.cairn().killNode();
    Hosts.configure(one, OUT_SOON);
    Hosts.assertSame(original, two.mount().resolve("tree"));
    Hosts.makeTree(two.mount().resolve("second"), FILES, 2);
    Path second = directory.resolve("second");
    Hosts.makeTree(second, FILES, 2);
    Hosts.assertSame(second, three.mount().resolve("second"));
    three.awaitPeers("down");
    joining(hosts.host(), token).get().failed("used"); // whoever leads now

    one.cairn().run("mount", one.mount()).ok();
    Hosts.assertSame(second, one.mount().resolve("second"));
    one.awaitPeers("(?s)up.*up.*up");

    two = whoMovedIsFound(two, one, three);
    Hosts.assertSame(original, two.mount().resolve("tree"));
    three.cairn().run("stop").ok();
    Hosts.configure(three, OUT_SOON);
    Hosts.Host copy = hosts.host();
    copy(three, copy);
    three.mounted();
    Hosts.assertSame(original, three.mount().resolve("tree"));
    copy.cairn().run("start").failed("another node with the identity " + three.id());
    three.cairn().run("ls", "tree").ok();
    whoStaysAwayIsReplaced(one, two, three);
  }

  /** By the others, and finds them. */
  private Hosts.Host whoMovedIsFound(Hosts.Host node, Hosts.Host... others) throws Exception {
    String id = node.id();
    node.cairn().run("stop").ok();
    Hosts.configure(node, OUT_SOON);
    Hosts.Host moved = hosts.moved(node);
    moved.mounted();
    for (Hosts.Host other : others) {
      other.awaitPeers(id.substring(0, 12) + " +" + moved.listen() + " +member +up ");
    }
    moved.awaitPeers("(?s)up.*up.*up");
    return moved;
  }

  /** Both ask at once with a token for one. */
  private static Hosts.Host whoIsAdmitted(String token, Hosts.Host first, Hosts.Host second)
      throws Exception {
    CompletableFuture<CairnProcess.Result> firsts = joining(first, token);
    CompletableFuture<CairnProcess.Result> seconds = joining(second, token);
    boolean isFirst = firsts.get().exitCode() == 0;
    (isFirst ? firsts : seconds).get().ok();
    (isFirst ? seconds : firsts).get().failed("the invitation has been used");
    return isFirst ? first : second;
  }

  private static CompletableFuture<CairnProcess.Result> joining(Hosts.Host host, String token) {
    return CompletableFuture.supplyAsync(
        () -> {
          try {
            return host.cairn().run("join", token, "--listen", host.listen());
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          } catch (InterruptedException e) {
            throw new CompletionException(e);
          }
        },
        CairnProcess.OWN_THREAD);
  }

  /** Copies the home of a node that does not run to another host. */
  private static void copy(Hosts.Host from, Hosts.Host to) throws Exception {
    ThreeHosts.sh("cp -a " + from.cairn().home() + " " + to.cairn().home());
    Path config = to.cairn().home().resolve("cairn.properties");
    Files.writeString(config, Files.readString(config).replace(from.listen(), to.listen()));
  }

  /** The others make anew what it kept, and a fourth that joins meanwhile gets its vote. */
  private void whoStaysAwayIsReplaced(Hosts.Host... voters) throws Exception {
    Hosts.Host asked = voters[0];
    assertThat(asked.peersThat("\"voter\": true")).hasSize(3);
    String leader = asked.peersThat("\"leader\": true").get(0);
    boolean isSecond = !leader.equals(voters[1].id());
    Hosts.Host gone = voters[isSecond ? 1 : 2];
    Hosts.Host left = voters[isSecond ? 2 : 1];
    String goneId = gone.id();
    asked.cairn().run("volume", "--replicas", 2).ok();
    Hosts.polling().until(() -> gone.status("replicas") == 2);
    Hosts.makeTree(gone.mount().resolve("third"), FILES / 4, 3);
    gone.sh("sync .");
    gone.cairn().killNode();
    awaitStatus(asked, "underReplicatedBlobs", 1);
    Hosts.polling().untilAsserted(() -> {
      // Twice, because a walk that has just begun knows of nothing yet.
      for (Hosts.Host host : List.of(asked, left, asked, left)) {
        host.assertWhole(2);
      }
    });

    Hosts.Host fourth = hosts.host();
    joining(fourth, Hosts.invite(asked, "--role", "storage")).get().ok();
    Hosts.polling()
        .untilAsserted(() -> assertThat(asked.peersThat("\"voter\": true"))
            .hasSize(3)
            .contains(fourth.id())
            .doesNotContain(goneId));
    // Each blob was on two nodes: without repair some were on these only.
    left.cairn().killNode();
    Path third = directory.resolve("third");
    Hosts.makeTree(third, FILES / 4, 3);
    Hosts.assertSame(third, asked.mount().resolve("third"));
    for (Hosts.Host host : List.of(gone, left)) {
      ThreeHosts.sh("fusermount -u -z " + host.mount());
    }
  }

  /** Although its clock is an hour off, which keeps it from nothing and is told. */
  @Test
  void aNodeIsDrainedAndRemoved() throws Exception {
    Hosts.Host one = hosts.found();
    Hosts.Host two = hosts.host(AN_HOUR_AHEAD);
    String token = Hosts.invite(one, "--ttl", "5m");
    assertThat(two.cairn().run("join", token, "--listen", two.listen()).ok().err())
        .contains("this host's clock is 60 min ahead of the cluster's");
    two.mounted();
    assertThat(one.peers()).contains(": its clock is 60 min ahead of this node's");
    assertThat(two.peers()).contains(": its clock is 60 min behind this node's");
    Files.write(two.mount().resolve("file"), new byte[3_000_000]);
    String id = two.id();
    one.cairn().run("node", "drain", id.substring(0, 8)).ok();
    assertThat(one.peers()).contains("drained");
    one.cairn().run("node", "remove", id.substring(0, 8)).ok();
    assertThat(one.peers()).doesNotContain(id.substring(0, 12));
    assertThat(one.mount().resolve("file")).hasBinaryContent(new byte[3_000_000]);
    // It hears of it, stops, and is not let in again.
    Hosts.polling()
        .untilAsserted(() -> two.cairn().run("start").failed("removed from its cluster"));
    one.cairn().run("node", "remove", "0000000").failed("no node of the cluster");
  }

  /** And what is on another node is read by the frame. */
  private static void copiesAreAsTheVolumeSays(Hosts.Host writer, Hosts.Host other)
      throws Exception {
    assertThat(other.cairn().run("volume").ok().out())
        .contains("Replicas     3\n", "Write quorum majority (2 with these nodes)");
    writer.cairn().run("volume", "--replicas", 1).ok();
    Hosts.polling().until(() -> other.status("replicas") == 1);
    int blobs = 24;
    writer.sh("dd if=/dev/urandom of=large bs=1M count=" + blobs + " conv=fsync status=none");
    assertThat(other.status("blobs")).isLessThan(blobs);

    int reads = 0;
    long before = other.status("fetchedBytes");
    for (; other.status("fetchedBytes") == before; reads++) {
      other.sh("dd if=large of=/dev/null bs=4k count=1 status=none skip=" + (256 * reads + 100));
    }
    assertThat(other.status("fetchedBytes") - before).as("a frame").isEqualTo((16 << 10) + 16);

    other.cairn().run("volume", "--write-quorum", 2).failed("cannot wait for 2 copies when there");
    assertThat(other.cairn().run("volume", "--replicas", 0).exitCode()).isEqualTo(2);
    other.cairn().run("volume", "--replicas", "all", "--write-quorum", 2).ok();
    awaitStatus(other, "blobs", blobs);
    writer.cairn().run("volume", "--replicas", 3, "--write-quorum", "majority").ok();
  }

  private static void awaitStatus(Hosts.Host host, String key, long atLeast) {
    Hosts.polling()
        .untilAsserted(() -> assertThat(host.status(key)).isGreaterThanOrEqualTo(atLeast));
  }

  @Test
  void aStorageNodeLearnsNothing() throws Exception {
    Hosts.Host one = hosts.found();
    String token = Hosts.invite(one, "--role", "storage", "--ttl", "5m");
    Hosts.Host store = hosts.host();
    store
        .cairn()
        .run("join", token, "--listen", store.listen(), "--label", "zone=attic")
        .ok();
    assertThat(one.peers()).containsPattern("storage +up").contains("attic");

    String secret = "the treasure is buried under the old oak tree ";
    String name = "a-name-that-nobody-else-has.txt";
    Files.writeString(one.mount().resolve(name), secret.repeat(1000));
    one.cairn().run("put", "other-" + name, one.mount().resolve(name)).ok();
    Hosts.polling()
        .untilAsserted(
            () -> assertThat(store.cairn().run("status", "--json").ok().out())
                .containsPattern("\"blobs\": [1-9]"));

    for (Object[] command : new Object[][] {
      {"mount", store.mount()},
      {"ls"},
      {"get", name},
      {"put", "x", directory.resolve("home1/lock")},
      {"rm", name},
      {"passwd"}
    }) {
      store.cairn().run(command).failed("this is a storage node", "member");
    }
    String key = Files.readString(one.cairn().home().resolve("volume.key"))
        .lines()
        .toList()
        .get(1);
    Path dump = directory.resolve("heap.hprof");
    Process jcmd = new ProcessBuilder(
            javaTool("jcmd"), Long.toString(store.cairn().pid()), "GC.heap_dump", dump.toString())
        .redirectErrorStream(true)
        .start();
    byte[] said = jcmd.getInputStream().readAllBytes();
    assertThat(dump).as(new String(said, StandardCharsets.UTF_8)).exists();
    List<byte[]> forbidden =
        List.of(ascii(secret), ascii(name), ascii(key), HexFormat.of().parseHex(key));
    assertHoldsNone(dump, forbidden);
    try (Stream<Path> files = Files.walk(store.cairn().home())) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        assertHoldsNone(file, forbidden);
      }
    }
    assertThat(store.cairn().home().resolve("volume.key")).doesNotExist();
    assertThat(store.cairn().home().resolve("volume.slots")).doesNotExist();
    byte[] invitation = Token.parse(token).secret().copyBytes();
    for (Hosts.Host host : List.of(one, store)) {
      saysNothingOf(
          host,
          List.of(
              ascii(secret),
              ascii(name),
              ascii(key),
              HexFormat.of().parseHex(key),
              ascii(token),
              ascii(HexFormat.of().formatHex(invitation)),
              invitation));
    }
  }

  /** Neither in its logs, nor to whoever looks at its process, nor to whoever asks it. */
  private static void saysNothingOf(Hosts.Host host, List<byte[]> forbidden) throws Exception {
    Path process = Path.of("/proc", Long.toString(host.cairn().pid()));
    // What it starts, such as fusermount, gets no other environment.
    assertHoldsNone(process.resolve("environ"), forbidden);
    assertHoldsNone(process.resolve("cmdline"), forbidden);
    try (Stream<Path> files = Files.walk(host.cairn().home().resolve("log"))) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        assertHoldsNone(file, forbidden);
      }
    }
    for (String command : List.of("status", "status --json", "peers --json", "volume")) {
      String said = host.cairn().run((Object[]) command.split(" ")).ok().out();
      assertNone(said, command, forbidden);
    }
  }

  private static String javaTool(String tool) {
    return Path.of(System.getProperty("java.home"), "bin", tool).toString();
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  private static void assertHoldsNone(Path file, List<byte[]> forbidden) throws IOException {
    assertNone(new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1), file, forbidden);
  }

  private static void assertNone(String content, Object what, List<byte[]> forbidden) {
    for (byte[] bytes : forbidden) {
      String part = new String(bytes, StandardCharsets.ISO_8859_1);
      assertThat(content.contains(part)).as("%s holds what it must not", what).isFalse();
    }
  }

  /** What it missed while it was away, and what its disk did meanwhile. */
  @Test
  void aStorageNodeRepairsAndScrubs() throws Exception {
    Hosts.Host one = hosts.found();
    Hosts.Host store = hosts.host();
    joining(store, Hosts.invite(one, "--role", "storage")).get().ok();
    store.cairn().run("start").ok();
    int blobs = 3;
    String write = "dd if=/dev/urandom of=%s bs=1M count=" + blobs + " conv=fsync status=none";
    one.sh(write.formatted("early"));
    awaitStatus(store, "blobs", blobs);
    store.cairn().run("stop").ok();
    Path segment = Damage.lastOf(store.cairn().home().resolve("segments"), "0");
    Damage.flip(segment, Damage.endOfData(segment) / 2);
    one.sh(write.formatted("late"));

    Hosts.configure(store, "scrub.rate=64MiB\n");
    store.cairn().run("start").ok();
    awaitStatus(store, "blobs", 2L * blobs);
    Path log = store.cairn().home().resolve("log/cairn.log");
    Hosts.polling()
        .untilAsserted(() -> assertThat(log).content().contains("damaged here; it is fetched"));
    Hosts.polling().untilAsserted(() -> store.assertWhole(2));
  }

  /** What people get wrong, as they see it. */
  @Test
  void badTokensAndPlaces() throws Exception {
    Hosts.Host one = hosts.found();
    String token = Hosts.invite(one, "--ttl", "1s");
    long expiresNanos = System.nanoTime() + TimeUnit.SECONDS.toNanos(1);
    Hosts.Host two = hosts.host();
    Path home = two.cairn().home();
    two.cairn().run("join", "nonsense", "--listen", two.listen()).failed("not a token of Cairn");
    two.cairn()
        .run("join", token.substring(0, token.length() - 3), "--listen", two.listen())
        .failed("the token is damaged");
    two.cairn()
        .run("join", token, "--listen", one.listen())
        .failed("is in use by another program", "`cairn join`");
    TimeUnit.NANOSECONDS.sleep(expiresNanos - System.nanoTime());
    two.cairn().run("join", token, "--listen", two.listen()).failed("the invitation has expired");
    assertThat(home).doesNotExist();
    assertThat(one.cairn().run("invite", "--ttl", "soon").exitCode()).isEqualTo(2);
    assertThat(one.cairn().run("invite", "--role", "king").exitCode()).isEqualTo(2);
    assertThat(one.cairn().run("join", token, "--capacity", "much").exitCode()).isEqualTo(2);
    one.cairn().run("join", token).failed("there is a node in");

    String good = Hosts.invite(one);
    one.cairn().run("stop").ok();
    two.cairn()
        .run("join", good, "--listen", two.listen())
        .failed("none of the token's nodes could be asked", one.listen(), "connection refused");
    assertThat(home).doesNotExist();
  }

  /** A cluster of one has no port; the first invitation gives it one. */
  @Test
  void aNodeThatDidNotListenDoesFromItsFirstInvitationOn() throws Exception {
    Hosts.Host one = hosts.host();
    one.cairn().foundAndMount(one.mount());
    assertThat(one.cairn().run("status", "--json").ok().out()).contains("\"listen\": \"\"");
    CairnProcess.Result invitation = one.cairn().run("invite", "--uses", 2).ok();
    assertThat(invitation.err()).contains("listens for others from now on, at 0.0.0.0:7747");
    assertThat(Files.readString(one.cairn().home().resolve("cairn.properties")))
        .contains("listen=0.0.0.0:7747");
    String token = invitation.out().strip();
    List<Hosts.Host> others = List.of(hosts.host(), hosts.host());
    List<CompletableFuture<CairnProcess.Result>> joined =
        others.stream().map(host -> joining(host, token)).toList();
    Files.writeString(one.mount().resolve("file"), "content");
    for (int i = 0; i < others.size(); i++) {
      joined.get(i).get().ok();
      assertThat(others.get(i).cairn().run("get", "file").ok().out()).isEqualTo("content");
    }
    joining(hosts.host(), token).get().failed("the invitation has been used");
  }
}
