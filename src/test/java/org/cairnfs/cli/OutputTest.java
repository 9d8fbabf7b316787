package org.cairnfs.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.cairnfs.core.FileMode;
import org.cairnfs.core.Replication;
import org.cairnfs.node.home.OperatorException;
import org.cairnfs.proto.AdminCacheStatus;
import org.cairnfs.proto.AdminClusterStatus;
import org.cairnfs.proto.AdminMemoryStatus;
import org.cairnfs.proto.AdminNetworkStatus;
import org.cairnfs.proto.AdminPeer;
import org.cairnfs.proto.AdminReplication;
import org.cairnfs.proto.AdminRole;
import org.cairnfs.proto.AdminStatus;
import org.cairnfs.proto.AdminUncommittedStatus;
import org.cairnfs.proto.AdminVolumeStatus;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What commands print, and how they read their arguments. */
final class OutputTest {
  private static final AdminStatus STATUS = AdminStatus.newBuilder()
      .setPid(42)
      .setVersion("1.2")
      .setHome("/h")
      .setNodeId("0123456789abcdef")
      .setClusterId("c")
      .setUptimeSeconds(7200)
      .addMounts("/mnt/\"a\"")
      .setVolume(AdminVolumeStatus.newBuilder()
          .setId("v")
          .setLogicalBytes(3 << 20)
          .setStoredBytes(1 << 20)
          .setDiskBytes(2 << 20)
          .setBlobs(1)
          .setInodes(12_345)
          .setDeduplicatedBytes(5)
          .setCapacityBytes(1L << 40)
          .setFreeBytes(1L << 39)
          .setReplication(
              AdminReplication.newBuilder().setReplicas(5).setReplicasNow(3).setWriteQuorumNow(2)))
      .setCache(AdminCacheStatus.newBuilder().setHits(3).setMisses(1).setBytes(65_536))
      .setUncommitted(AdminUncommittedStatus.newBuilder().setOperations(2).setBytes(10))
      .setCluster(AdminClusterStatus.newBuilder()
          .setRole(AdminRole.ADMIN_ROLE_STORAGE)
          .setNodes(3)
          .setLiveNodes(2)
          .setLeader("fedcba9876543210")
          .setVoter(true)
          .setUnderReplicatedBlobs(7)
          .setMissingBlobs(2)
          .setUnavailableBlobs(1)
          .setCachedBytes(9)
          .setFetchedBytes(10))
      .setNetwork(AdminNetworkStatus.newBuilder().setReceivedBytes(11).setSentBytes(12))
      .setMemory(AdminMemoryStatus.newBuilder()
          .setHeapUsedBytes(1)
          .setHeapMaxBytes(2)
          .setResidentBytes(3)
          .setKvBytes(4))
      .build();

  @ParameterizedTest
  @ValueSource(strings = {"version", "--help", "help", "status --help"})
  void whatCannotBePrintedIsAFailure(String command) {
    var errors = new ByteArrayOutputStream();
    Console console = new Console(
        InputStream.nullInputStream(),
        new PrintStream(new FullDisk(), false, StandardCharsets.UTF_8),
        new PrintStream(errors, true, StandardCharsets.UTF_8),
        false,
        false);
    assertThat(CairnCommand.execute(List.of(command.split(" ")), console, Map.of()))
        .isEqualTo(1);
    assertThat(errors.toString(StandardCharsets.UTF_8))
        .startsWith("cairn: standard output cannot be written\n  ");
    assertThatThrownBy(() -> console.bulk().write(new byte[100]))
        .isInstanceOf(IOException.class)
        .hasMessage("a full disk or a closed pipe");
  }

  /** Only the commands that the arguments name are set up, but help is about all of them. */
  @ParameterizedTest
  @ValueSource(strings = {"--help", "-h", "help", "--home=/h --help", "help start"})
  void helpKnowsEveryCommand(String command) {
    String help = printedBy(command);
    if (command.endsWith("start")) {
      assertThat(help).contains("--foreground");
    } else {
      assertThat(help)
          .contains("\n  init ", "\n  mount ", "\n  node ", "\n  version ", "\n  help ");
    }
  }

  private static String printedBy(String command) {
    var out = new ByteArrayOutputStream();
    Console console = new Console(
        InputStream.nullInputStream(),
        new PrintStream(out, true, StandardCharsets.UTF_8),
        System.err,
        false,
        false);
    assertThat(CairnCommand.execute(List.of(command.split(" ")), console, Map.of()))
        .isZero();
    return out.toString(StandardCharsets.UTF_8);
  }

  private static final class FullDisk extends OutputStream {
    @Override
    public void write(int single) throws IOException {
      throw new IOException("No space left on device");
    }
  }

  /** Scripts read these keys: docs/cli.md promises that none is renamed or removed. */
  @Test
  void statusAsJson() {
    assertThat(StatusJson.format(STATUS)).isEqualTo("""
            {
              "pid": 42,
              "version": "1.2",
              "home": "/h",
              "nodeId": "0123456789abcdef",
              "clusterId": "c",
              "listen": "",
              "uptimeSeconds": 7200,
              "mounts": [
                "/mnt/\\"a\\""
              ],
              "cluster": {
                "role": "storage",
                "nodes": 3,
                "liveNodes": 2,
                "leader": "fedcba9876543210",
                "voter": true,
                "underReplicatedBlobs": 7,
                "missingBlobs": 2,
                "unavailableBlobs": 1,
                "cachedBytes": 9,
                "fetchedBytes": 10
              },
              "volume": {
                "id": "v",
                "logicalBytes": 3145728,
                "storedBytes": 1048576,
                "deduplicatedBytes": 5,
                "blobs": 1,
                "damagedBlobs": 0,
                "inodes": 12345,
                "replicas": 5,
                "writeQuorum": "majority"
              },
              "disk": {
                "capacityBytes": 1099511627776,
                "freeBytes": 549755813888,
                "segmentBytes": 2097152
              },
              "cache": {
                "hits": 3,
                "misses": 1,
                "bytes": 65536
              },
              "uncommitted": {
                "operations": 2,
                "bytes": 10
              },
              "memory": {
                "heapUsedBytes": 1,
                "heapMaxBytes": 2,
                "residentBytes": 3,
                "kvBytes": 4
              },
              "network": {
                "receivedBytes": 11,
                "sentBytes": 12
              }
            }""");
  }

  private static final List<AdminPeer> PEERS = List.of(
      AdminPeer.newBuilder()
          .setNodeId("0123456789abcdef")
          .addAddresses("10.0.0.1:7747")
          .setRole(AdminRole.ADMIN_ROLE_MEMBER)
          .setSelf(true)
          .setLive(true)
          .setSoftware("cairn 1.2")
          .setCapacityBytes(1L << 40)
          .setUsedBytes(5 << 20)
          .setVoter(true)
          .setLeader(true)
          .build(),
      AdminPeer.newBuilder()
          .setNodeId("fedcba9876543210")
          .setRole(AdminRole.ADMIN_ROLE_STORAGE)
          .setZone("shed")
          .setDraining(true)
          .setBlobsToMove(4)
          .setLatencyMicros(1234)
          .setTrouble("it hung up")
          .build());

  @Test
  void peersForPeople() {
    assertThat(PeersOutput.text(PEERS)).isEqualTo("""
            ID             ADDRESS        ROLE     STATE           LOG      CAPACITY  USED      LATENCY  ZONE  VERSION
            0123456789ab*  10.0.0.1:7747  member   up              leader   1.00 TiB  5.00 MiB  -        -     cairn 1.2
            fedcba987654   -              storage  down, draining  learner  0 B       -         1.2 ms   shed  -
            fedcba987654: it hung up""");
  }

  /** A node that has not counted yet is not drained, though it has nothing to show. */
  @Test
  void aNodeIsDrainedWhenItSaysSo() {
    AdminPeer unknown =
        PEERS.get(1).toBuilder().setLive(true).clearBlobsToMove().build();
    assertThat(PeersOutput.text(List.of(unknown))).contains("draining ").doesNotContain("drained");
    assertThat(PeersOutput.json(List.of(unknown))).contains("\"blobsToMove\": null,");
    AdminPeer some = unknown.toBuilder().setBlobsToMove(3).build();
    assertThat(PeersOutput.text(List.of(some))).contains("draining, 3 left");
    AdminPeer done = unknown.toBuilder().setBlobsToMove(0).build();
    assertThat(PeersOutput.text(List.of(done))).contains("drained");
    assertThat(PeersOutput.json(List.of(done))).contains("\"blobsToMove\": 0,");
    assertThat(PeersOutput.json(PEERS.subList(0, 1))).contains("\"blobsToMove\": 0,");
  }

  /** Scripts read these keys. */
  @Test
  void peersAsJson() {
    assertThat(PeersOutput.json(PEERS.subList(1, 2))).isEqualTo("""
            {
              "nodes": [
                {
                  "id": "fedcba9876543210",
                  "self": false,
                  "addresses": [],
                  "role": "storage",
                  "state": "down",
                  "draining": true,
                  "blobsToMove": 4,
                  "zone": "shed",
                  "version": "",
                  "capacityBytes": 0,
                  "usedBytes": 0,
                  "latencyMicros": 1234,
                  "voter": false,
                  "leader": false,
                  "trouble": "it hung up"
                }
              ]
            }""");
  }

  @Test
  void statusForPeople() {
    assertThat(StatusText.format(STATUS).split("\n"))
        .contains(
            "Node         0123456789ab, pid 42, up 2 h, Cairn 1.2",
            "Nodes        2 of 3 up, led by fedcba987654; this is a storage node with a vote, 7 blobs with too few copies, 1 blob without a copy that can be reached",
            "Mounts       /mnt/\"a\"",
            "Volume       3.00 MiB in 12,345 inodes",
            "Replicas     5 (3 with these nodes), write quorum majority (2 with these nodes)",
            "Stored       1.00 MiB in 1 blob, 2.00 MiB on disk, 5 B deduplicated since the start",
            "Disk         512 GiB free of 1.00 TiB",
            "Cache        64.0 KiB, 75 % of 4 reads hit",
            "Uncommitted  2 changes, 10 B")
        .noneMatch(line -> line.startsWith("Damaged"));
  }

  @Test
  void damageIsShown() {
    AdminStatus damaged = STATUS.toBuilder()
        .setVolume(STATUS.getVolume().toBuilder().setDamagedBlobs(2))
        .build();
    assertThat(StatusText.format(damaged)).contains("Damaged      2 blobs");
  }

  @Test
  void copiesAsPeopleWriteThem() throws Exception {
    assertThat(Copies.parse("-r", "all", "all")).isEqualTo(Replication.ALL);
    assertThat(Copies.parse("-r", "32", "all")).isEqualTo(Replication.REPLICAS_MAX);
    for (String wrong : List.of("0", "33", "-1", "", "many", "99999999999", "ALL", "majority")) {
      assertThatThrownBy(() -> Copies.parse("-r", wrong, "all"))
          .isInstanceOfSatisfying(OperatorException.class, e -> {
            assertThat(e).hasMessageContaining("-r cannot be \"" + wrong + "\"");
            assertThat(e.remedy()).contains("1 to 32", "all");
            assertThat(e.exitCode()).isEqualTo(OperatorException.USAGE);
          });
    }
    AdminReplication plain =
        AdminReplication.newBuilder().setReplicas(3).setReplicasNow(3).build();
    assertThat(Copies.replicas(plain)).isEqualTo("3");
  }

  @Test
  void jsonEscapesWhatItMust() {
    Map<String, Object> value = new LinkedHashMap<>();
    value.put("k\n", List.of());
    value.put("\u0001", "\\\t\r\ud83d\ude00\u00e9");
    value.put("b", true);
    assertThat(Json.format(value))
        .isEqualTo(
            "{\n  \"k\\n\": [],\n  \"\\u0001\": \"\\\\\\t\\r\\ud83d\\ude00\u00e9\",\n  \"b\": true\n}");
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0 B",
    "1023, 1023 B",
    "1024, 1.00 KiB",
    "10239, 10.0 KiB",
    "1048575, 1.00 MiB",
    "1048576, 1.00 MiB",
    "9223372036854775807, 8.00 EiB"
  })
  void bytesForPeople(long bytes, String text) {
    assertThat(ByteSizes.format(bytes)).isEqualTo(text);
  }

  @ParameterizedTest
  @CsvSource({
    "0040755, drwxr-xr-x",
    "0100644, -rw-r--r--",
    "0120777, lrwxrwxrwx",
    "0104755, -rwsr-xr-x",
    "0102644, -rw-r-Sr--",
    "0041777, drwxrwxrwt",
    "0041776, drwxrwxrwT",
    "0010000, p---------",
    "0140000, s---------",
    "0060000, b---------",
    "0020000, c---------"
  })
  void modesAsLsWritesThem(String octal, String text) {
    assertThat(LsCommand.modeText(Integer.parseInt(octal, 8))).isEqualTo(text);
    assertThat(FileMode.TYPE_MASK & Integer.parseInt(octal, 8)).isNotZero();
  }

  @Test
  void argumentsAreTheBytesOfTheCommandLine() {
    byte[] line = "java\0-jar\0x\0put\0a\u00ff\u00fe\0".getBytes(StandardCharsets.ISO_8859_1);
    List<String> raw = RawArguments.lastOf(line, new String[] {"put", "a\ufffd\ufffd"});
    assertThat(raw).containsExactly("put", "a\u00ff\u00fe");
    assertThat(RawArguments.bytes(raw.get(1)).array()).containsExactly('a', 0xff, 0xfe);
  }

  @Test
  void emptyArgumentsCount() {
    byte[] line = "java\0put\0\0\0".getBytes(StandardCharsets.ISO_8859_1);
    assertThat(RawArguments.lastOf(line, new String[] {"put", "", ""}))
        .containsExactly("put", "", "");
  }

  @Test
  void withoutACommandLineTheArgumentsAreEncoded() {
    for (byte[] line : new byte[][] {{}, "put\0".getBytes(StandardCharsets.US_ASCII)}) {
      assertThat(RawArguments.lastOf(line, new String[] {"put", "x"})).containsExactly("put", "x");
    }
  }
}
