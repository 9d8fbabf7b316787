package org.cairnfs.node.home;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.cairnfs.crypto.PrivateFiles;
import org.cairnfs.net.Role;
import org.jspecify.annotations.Nullable;

/**
 * What cairn.properties says: lines {@code key=value} in UTF-8, {@code #} begins a comment line.
 *
 * <p>Reading is strict, because a misread configuration could point a node at the wrong cluster: an
 * unknown, doubled or missing key, a line of another form, a newer format version each fail and
 * name the file and the line.
 *
 * @param clusterId names the cluster, and its Raft group
 * @param volumeId names the volume
 * @param listen where this node listens for peers; null for not at all
 * @param bootstrap where to look for other nodes when none of those known answers
 * @param upkeep how patient and how busy the node is in the background
 * @param idlePolling whether idle processors may poll while programs use a mount
 */
public record NodeConfig(
    UUID clusterId,
    UUID volumeId,
    @Nullable ListenAddress listen,
    List<ListenAddress> bootstrap,
    NodeProfile profile,
    Upkeep upkeep,
    boolean idlePolling) {
  /**
   * The version of what is in a home that this code writes; it reads older ones, too. Version 1 had
   * blobs of one format only.
   */
  public static final int FORMAT_VERSION = 2;

  /** Of a node of which nobody said anything else. */
  public static final boolean IDLE_POLLING_DEFAULT = true;

  /** A configuration is a few hundred bytes; what is longer is something else. */
  static final int FILE_MAX_BYTES = 64 << 10;

  private static final String FORMAT_KEY = "format.version";
  private static final Pattern FORMAT_LINE =
      Pattern.compile("(?m)^([ \\t]*format\\.version[ \\t]*=[ \\t]*)[0-9]+");

  private static final String CLUSTER_KEY = "cluster.id";
  private static final String VOLUME_KEY = "volume.id";
  private static final String LISTEN_KEY = "listen";
  private static final String BOOTSTRAP_KEY = "bootstrap";
  private static final String ROLE_KEY = "role";
  private static final String ZONE_KEY = "zone";
  private static final String CAPACITY_KEY = "capacity";
  private static final String OUT_AFTER_KEY = "out.after";
  private static final String REPAIR_RATE_KEY = "repair.rate";
  private static final String SCRUB_RATE_KEY = "scrub.rate";
  private static final String IDLE_POLLING_KEY = "idle.polling";
  private static final String YES = "yes";
  private static final String NO = "no";

  private static final Set<String> KEYS = Set.of(
      FORMAT_KEY,
      CLUSTER_KEY,
      VOLUME_KEY,
      LISTEN_KEY,
      BOOTSTRAP_KEY,
      ROLE_KEY,
      ZONE_KEY,
      CAPACITY_KEY,
      OUT_AFTER_KEY,
      REPAIR_RATE_KEY,
      SCRUB_RATE_KEY,
      IDLE_POLLING_KEY);

  public NodeConfig {
    bootstrap = List.copyOf(bootstrap);
  }

  /** The same node, which listens there from its next start on. */
  public NodeConfig withListen(ListenAddress address) {
    return new NodeConfig(clusterId, volumeId, address, bootstrap, profile, upkeep, idlePolling);
  }

  /** Reads the configuration of a home; changes nothing. */
  public static NodeConfig read(Home home) throws OperatorException {
    home.requireInitialised();
    Path file = home.config();
    try {
      if (Files.size(file) > FILE_MAX_BYTES) {
        throw corrupt(file, "it is longer than " + FILE_MAX_BYTES + " bytes");
      }
      return parse(file, Files.readString(file));
    } catch (CharacterCodingException e) {
      throw corrupt(file, "it is not UTF-8 text");
    } catch (IOException e) {
      throw DiskFailures.explain("cannot read " + file, e);
    }
  }

  static NodeConfig parse(Path file, String text) throws OperatorException {
    Map<String, String> values = parseLines(file, text);
    requireKnownVersion(file, values);
    for (String key : values.keySet()) {
      if (!KEYS.contains(key)) {
        throw corrupt(file, "the key \"" + key + "\" is not known");
      }
    }
    @Nullable String listen = values.get(LISTEN_KEY);
    return new NodeConfig(
        parseId(file, CLUSTER_KEY, values),
        parseId(file, VOLUME_KEY, values),
        listen == null ? null : parseListen(file, listen),
        parseBootstrap(file, values.getOrDefault(BOOTSTRAP_KEY, "")),
        parseProfile(file, values),
        parseUpkeep(file, values),
        parseOr(file, IDLE_POLLING_KEY, values, NodeConfig::parseYes, IDLE_POLLING_DEFAULT));
  }

  /** The text of the file that {@link #read} would read as this configuration. */
  String format() {
    StringBuilder text = new StringBuilder(256);
    text.append("# A node of Cairn. Stop the node before changing this file.\n");
    line(text, FORMAT_KEY, FORMAT_VERSION);
    line(text, CLUSTER_KEY, clusterId);
    line(text, VOLUME_KEY, volumeId);
    if (listen != null) {
      line(text, LISTEN_KEY, listen);
    }
    if (!bootstrap.isEmpty()) {
      line(
          text,
          BOOTSTRAP_KEY,
          bootstrap.stream().map(ListenAddress::toString).collect(Collectors.joining(",")));
    }
    if (profile.role() != Role.MEMBER) {
      line(text, ROLE_KEY, NodeProfile.format(profile.role()));
    }
    if (!profile.zone().isEmpty()) {
      line(text, ZONE_KEY, profile.zone());
    }
    profile.capacityBytes().ifPresent(bytes -> line(text, CAPACITY_KEY, bytes));
    if (!upkeep.outAfter().equals(Upkeep.DEFAULT.outAfter())) {
      line(text, OUT_AFTER_KEY, upkeep.outAfter().toSeconds() + "s");
    }
    if (upkeep.repairBytesPerSecond() != Upkeep.DEFAULT.repairBytesPerSecond()) {
      line(text, REPAIR_RATE_KEY, upkeep.repairBytesPerSecond());
    }
    if (upkeep.scrubBytesPerSecond() != Upkeep.DEFAULT.scrubBytesPerSecond()) {
      line(text, SCRUB_RATE_KEY, upkeep.scrubBytesPerSecond());
    }
    if (idlePolling != IDLE_POLLING_DEFAULT) {
      line(text, IDLE_POLLING_KEY, idlePolling ? YES : NO);
    }
    return text.toString();
  }

  private static void line(StringBuilder text, String key, Object value) {
    text.append(key).append('=').append(value).append('\n');
  }

  /**
   * Writes or replaces the configuration of a home: after a crash there is the old one or the new
   * one.
   */
  public void write(Home home) throws IOException {
    PrivateFiles.replace(home.config(), format());
  }

  /**
   * Makes the file say that this version has written to the home, for older ones would not
   * understand what it writes. Leaves all else as the operator has it. To be called with the home
   * locked, before anything is written.
   */
  public static void raiseFormat(Home home) throws OperatorException {
    Path file = home.config();
    try {
      String text = Files.readString(file);
      String raised = FORMAT_LINE.matcher(text).replaceFirst("$1" + FORMAT_VERSION);
      if (!raised.equals(text)) {
        PrivateFiles.replace(file, raised);
      }
    } catch (IOException e) {
      throw DiskFailures.explain("cannot write " + file, e);
    }
  }

  private static Map<String, String> parseLines(Path file, String text) throws OperatorException {
    Map<String, String> values = new LinkedHashMap<>();
    int number = 0;
    for (String raw : text.split("\n", -1)) {
      number++;
      String line = raw.strip();
      if (line.isEmpty() || line.startsWith("#")) {
        continue;
      }
      int equals = line.indexOf('=');
      if (equals < 1 || line.chars().anyMatch(Character::isISOControl)) {
        throw corrupt(file, "line " + number + " is not of the form key=value");
      }
      String key = line.substring(0, equals).strip();
      if (values.putIfAbsent(key, line.substring(equals + 1).strip()) != null) {
        throw corrupt(file, "line " + number + " sets \"" + key + "\" a second time");
      }
    }
    return values;
  }

  /** Comes before the check for unknown keys: a newer version may well have some. */
  private static void requireKnownVersion(Path file, Map<String, String> values)
      throws OperatorException {
    @Nullable String text = values.get(FORMAT_KEY);
    if (text == null) {
      throw corrupt(file, "it lacks " + FORMAT_KEY);
    }
    if (!text.matches("[1-9][0-9]{0,8}")) {
      throw corrupt(file, FORMAT_KEY + " is \"" + text + "\", not a version number");
    }
    int version = Integer.parseInt(text);
    if (version > FORMAT_VERSION) {
      throw new OperatorException(
          "the home was made by a newer version of Cairn: " + file + " says " + FORMAT_KEY + "="
              + version + ", and this version knows up to " + FORMAT_VERSION,
          "Run the newer version on it, or name another home with --home. Nothing was changed.");
    }
  }

  private static UUID parseId(Path file, String key, Map<String, String> values)
      throws OperatorException {
    @Nullable String text = values.get(key);
    if (text == null) {
      throw corrupt(file, "it lacks " + key);
    }
    try {
      UUID id = UUID.fromString(text);
      if (id.toString().equals(text)) {
        return id;
      }
    } catch (IllegalArgumentException e) {
      throw corrupt(file, key + " is \"" + text + "\", not an identifier");
    }
    throw corrupt(file, key + " is \"" + text + "\", not an identifier as Cairn writes it");
  }

  private static ListenAddress parseListen(Path file, String text) throws OperatorException {
    try {
      return ListenAddress.parse(text);
    } catch (OperatorException e) {
      throw corrupt(file, LISTEN_KEY + " is \"" + text + "\", not HOST:PORT");
    }
  }

  private static List<ListenAddress> parseBootstrap(Path file, String text)
      throws OperatorException {
    List<ListenAddress> addresses = new ArrayList<>();
    for (String address : text.split(",", -1)) {
      if (!address.isBlank()) {
        addresses.add(parsePart(file, BOOTSTRAP_KEY, address.strip(), ListenAddress::parse));
      }
    }
    return addresses;
  }

  private static NodeProfile parseProfile(Path file, Map<String, String> values)
      throws OperatorException {
    return new NodeProfile(
        parseOr(file, ROLE_KEY, values, NodeProfile::parseRole, NodeProfile.DEFAULT.role()),
        parseOr(file, ZONE_KEY, values, NodeProfile::parseZone, NodeProfile.DEFAULT.zone()),
        parseOr(
            file,
            CAPACITY_KEY,
            values,
            text -> OptionalLong.of(ByteCount.parse(text)),
            NodeProfile.DEFAULT.capacityBytes()));
  }

  private static Upkeep parseUpkeep(Path file, Map<String, String> values)
      throws OperatorException {
    return new Upkeep(
        parseOr(file, OUT_AFTER_KEY, values, Upkeep::parseOutAfter, Upkeep.DEFAULT.outAfter()),
        parseOr(
            file,
            REPAIR_RATE_KEY,
            values,
            Upkeep::parseRepairRate,
            Upkeep.DEFAULT.repairBytesPerSecond()),
        parseOr(
            file,
            SCRUB_RATE_KEY,
            values,
            Upkeep::parseScrubRate,
            Upkeep.DEFAULT.scrubBytesPerSecond()));
  }

  private static boolean parseYes(String text) throws OperatorException {
    if (text.equals(YES) || text.equals(NO)) {
      return text.equals(YES);
    }
    throw new OperatorException(
        "\"" + text + "\" is neither yes nor no", "Write yes or no.", OperatorException.USAGE);
  }

  /** Reads a value's text; a failure does not say where that is from. */
  @FunctionalInterface
  private interface Parser<T> {
    T parse(String text) throws OperatorException;
  }

  private static <T> T parseOr(
      Path file, String key, Map<String, String> values, Parser<T> parser, T absent)
      throws OperatorException {
    @Nullable String text = values.get(key);
    return text == null ? absent : parsePart(file, key, text, parser);
  }

  private static <T> T parsePart(Path file, String key, String text, Parser<T> parser)
      throws OperatorException {
    try {
      return parser.parse(text);
    } catch (OperatorException e) {
      throw corrupt(file, "of " + key + ", " + e.getMessage());
    }
  }

  private static OperatorException corrupt(Path file, String what) {
    return new OperatorException(
        "the configuration " + file + " cannot be used: " + what,
        "Correct the file or restore it from a backup. Nothing was changed.");
  }
}
