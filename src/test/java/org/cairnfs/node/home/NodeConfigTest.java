package org.cairnfs.node.home;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.OptionalLong;
import java.util.UUID;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.CharRange;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.StringLength;
import org.cairnfs.net.Role;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class NodeConfigTest {
  private static final Path FILE = Path.of("/h/cairn.properties");
  private static final String CLUSTER = "0f8fad5b-d9cb-469f-a165-70867728950e";
  private static final String VOLUME = "7c9e6679-7425-40de-944b-e07fc1f90ae7";
  private static final String VALID = """
      # A node of Cairn. Stop the node before changing this file.
      format.version=2
      cluster.id=0f8fad5b-d9cb-469f-a165-70867728950e
      volume.id=7c9e6679-7425-40de-944b-e07fc1f90ae7
      listen=[2001:db8::7]:7747
      """;

  /** The file's form is a format: homes written today must stay readable. */
  @Test
  void readsAndWritesTheGoldenFile() throws OperatorException {
    NodeConfig config = new NodeConfig(
        UUID.fromString(CLUSTER),
        UUID.fromString(VOLUME),
        new ListenAddress("2001:db8::7", 7747),
        List.of(),
        NodeProfile.DEFAULT,
        Upkeep.DEFAULT,
        true);
    assertThat(NodeConfig.parse(FILE, VALID)).isEqualTo(config);
    assertThat(config.format()).isEqualTo(VALID);
  }

  @Test
  void readsAndWritesTheGoldenFileOfAStorageNode() throws OperatorException {
    String text = VALID + """
        bootstrap=127.0.0.1:3000,[::1]:4000
        role=storage
        zone=cellar
        capacity=536870912000
        """;
    NodeConfig config = NodeConfig.parse(FILE, text);
    assertThat(config.bootstrap())
        .containsExactly(new ListenAddress("127.0.0.1", 3000), new ListenAddress("::1", 4000));
    assertThat(config.profile())
        .isEqualTo(new NodeProfile(Role.STORAGE, "cellar", OptionalLong.of(500L << 30)));
    assertThat(config.format()).isEqualTo(text);
    assertThat(NodeConfig.parse(FILE, text.replace("536870912000", "500GiB"))).isEqualTo(config);
  }

  @Test
  void readsAndWritesWhatIsSaidOfTheBackground() throws OperatorException {
    assertThat(NodeConfig.parse(FILE, VALID).upkeep())
        .isEqualTo(new Upkeep(Duration.ofMinutes(10), 64L << 20, 4L << 20));
    String text = VALID + """
        out.after=90s
        repair.rate=1048576
        scrub.rate=0
        """;
    NodeConfig config = NodeConfig.parse(FILE, text);
    assertThat(config.upkeep()).isEqualTo(new Upkeep(Duration.ofSeconds(90), 1L << 20, 0));
    assertThat(config.format()).isEqualTo(text);
    assertThat(config.withListen(new ListenAddress("::1", 1)).upkeep()).isEqualTo(config.upkeep());
    assertThat(NodeConfig.parse(FILE, text.replace("1048576", "1 MiB"))).isEqualTo(config);
  }

  @Test
  void readsAndWritesThatIdleProcessorsAreLeftAlone() throws OperatorException {
    String text = VALID + "idle.polling=no\n";
    NodeConfig config = NodeConfig.parse(FILE, text);
    assertThat(config.idlePolling()).isFalse();
    assertThat(config.format()).isEqualTo(text);
    assertThat(config.withListen(new ListenAddress("::1", 1)).idlePolling()).isFalse();
    assertThat(NodeConfig.parse(FILE, VALID + "idle.polling=yes\n").format()).isEqualTo(VALID);
  }

  @Test
  void listenMayBeLeftOut() throws OperatorException {
    String text = VALID.replaceAll("listen=.*\n", "");
    NodeConfig config = NodeConfig.parse(FILE, text);
    assertThat(config.listen()).isNull();
    assertThat(config.format()).isEqualTo(text);
  }

  @Property
  void whatIsWrittenIsReadBack(
      @ForAll long cluster, @ForAll long volume, @ForAll @IntRange(min = 1, max = 65_535) int port)
      throws OperatorException {
    NodeConfig config = new NodeConfig(
        new UUID(cluster, ~cluster),
        new UUID(volume, 0),
        new ListenAddress("host.example", port),
        List.of(new ListenAddress("a.example", port), new ListenAddress("::1", port)),
        new NodeProfile(Role.STORAGE, "rack-" + port, OptionalLong.of(volume >>> 1)),
        new Upkeep(Duration.ofSeconds(port + 5L), (volume >>> 2) + (64 << 10), (64 << 10) + port),
        port % 2 == 0);
    assertThat(NodeConfig.parse(FILE, config.format())).isEqualTo(config);
  }

  @Test
  void aHomeOfAnOlderVersionIsReadAndThenNoLongerAnOldOne(@TempDir Path directory)
      throws Exception {
    Home home = Home.at(directory);
    String old = VALID.replace("version=2", "version = 1  ") + "# format.version=1 was mine\n";
    Files.writeString(home.config(), old);
    NodeConfig config = NodeConfig.read(home);

    NodeConfig.raiseFormat(home);

    assertThat(Files.readString(home.config()))
        .isEqualTo(old.replace("version = 1", "version = 2"));
    assertThat(NodeConfig.read(home)).isEqualTo(config).isEqualTo(NodeConfig.parse(FILE, VALID));
  }

  @Test
  void blanksAndCommentsMeanNothing() throws OperatorException {
    String text = "\r\n # note\n" + VALID.replace("=", " = ").replace("\n", "  \r\n");
    assertThat(NodeConfig.parse(FILE, text)).isEqualTo(NodeConfig.parse(FILE, VALID));
  }

  @ParameterizedTest
  @CsvSource({
    "format.version=2, format.version=3, newer version",
    "format.version=2, format.version=999999999, newer version",
    "format.version=2, format.version=0, not a version number",
    "format.version=2, format.version=x, not a version number",
    "format.version=2, format.version=9999999999, not a version number",
    "format.version=2, '', lacks format.version",
    "volume.id=, volumeid=, is not known",
    "cluster.id=0f8fad5b-, cluster.id=, not an identifier",
    "cluster.id=0f8fad5b-d9cb-469f-a165-70867728950e, cluster.id=1-2-3-4-5, as Cairn writes it",
    "cluster.id=0f8fad5b-d9cb-469f-a165-70867728950e, '', lacks cluster.id",
    "volume.id=7c9e6679-7425-40de-944b-e07fc1f90ae7, '', lacks volume.id",
    "listen=[2001:db8::7]:7747, listen=everywhere, not HOST:PORT",
    "listen=[2001:db8::7]:7747, bootstrap=here, of bootstrap",
    "listen=[2001:db8::7]:7747, role=king, of role",
    "listen=[2001:db8::7]:7747, zone=a b, of zone",
    "listen=[2001:db8::7]:7747, capacity=much, of capacity",
    "listen=[2001:db8::7]:7747, out.after=soon, 'of out.after, \"soon\" is not a span of time'",
    "listen=[2001:db8::7]:7747, out.after=4s, 'of out.after, \"4s\" is not between 5s and 365d'",
    "listen=[2001:db8::7]:7747, out.after=366d, not between",
    "listen=[2001:db8::7]:7747, out.after=, of out.after",
    "listen=[2001:db8::7]:7747, repair.rate=fast, 'of repair.rate, \"fast\" is not a number of bytes'",
    "listen=[2001:db8::7]:7747, repair.rate=0, less than 64KiB a second",
    "listen=[2001:db8::7]:7747, repair.rate=-1, not a number of bytes",
    "listen=[2001:db8::7]:7747, scrub.rate=1KiB, 'of scrub.rate, \"1KiB\" is neither 0 nor between'",
    "listen=[2001:db8::7]:7747, scrub.rate=65MiB, neither 0 nor between",
    "listen=[2001:db8::7]:7747, idle.polling=true, 'of idle.polling, \"true\" is neither yes nor no'",
    "listen=[2001:db8::7]:7747, garbage, line 5 is not of the form key=value",
    "listen=[2001:db8::7]:7747, =value, line 5 is not of the form key=value",
    "listen=[2001:db8::7]:7747, format.version=2, a second time",
    "listen=[2001:db8::7]:7747, surprise=1, the key \"surprise\" is not known",
  })
  void tellsWhatIsWrong(String part, String replacement, String complaint) {
    OperatorException refusal = catchThrowableOfType(
        OperatorException.class, () -> NodeConfig.parse(FILE, VALID.replace(part, replacement)));
    assertThat(refusal).hasMessageContaining(complaint).hasMessageContaining(FILE.toString());
    assertThat(refusal.remedy()).contains("Nothing was changed");
    assertThat(refusal.exitCode()).isEqualTo(1);
  }

  /**
   * A newer version may have keys that are unknown here; its age is what the user has to hear of.
   */
  @Test
  void theVersionIsCheckedBeforeTheKeys() {
    assertThatThrownBy(() ->
            NodeConfig.parse(FILE, "shard.count=7\n" + VALID.replace("version=2", "version=3")))
        .hasMessageContaining("newer version");
  }

  @Property
  void arbitraryTextIsReadOrRefused(
      @ForAll @StringLength(max = 200) @CharRange(from = '\0', to = '\u00ff') String text) {
    try {
      NodeConfig.parse(FILE, text);
    } catch (OperatorException e) {
      assertThat(e.remedy()).isNotEmpty();
    }
  }

  @Test
  void binaryAndEndlessFilesAreRefusedAndLeftAlone(@TempDir Path directory) throws IOException {
    Home home = Home.at(directory);
    for (byte[] content :
        new byte[][] {{(byte) 0xff, (byte) 0xfe, 0}, new byte[NodeConfig.FILE_MAX_BYTES + 1], {}}) {
      Files.write(home.config(), content);
      assertThatThrownBy(() -> NodeConfig.read(home))
          .isInstanceOf(OperatorException.class)
          .hasMessageContaining(home.config().toString());
      assertThat(Files.readAllBytes(home.config())).isEqualTo(content);
    }
    try (var files = Files.list(directory)) {
      assertThat(files).containsExactly(home.config());
    }
  }

  @Test
  void aDirectoryWithoutAConfigurationIsNoHome(@TempDir Path directory) {
    OperatorException refusal =
        catchThrowableOfType(OperatorException.class, () -> NodeConfig.read(Home.at(directory)));
    assertThat(refusal).hasMessageContaining("there is no node in " + directory);
    assertThat(refusal.remedy()).contains("cairn init");
  }
}
