package org.cairnfs.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.cairnfs.cli.Hosts.Host;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Things go wrong on three hosts under clients that share files; what the clients were told is
 * explicable, what they stored is there, on all hosts, and every copy is restored.
 *
 * <p>Short here. {@code mount-scripts/test-failures.sh} has all failures happen, often:
 * {@code -Dcairn.failures.rounds} says how often, {@code cairn.failures.seed} where chance begins,
 * {@code cairn.failures.only} which.
 */
@Tag("may-skip")
@Tag("alone")
final class FailuresIT {
  private static final int ROUNDS = Integer.getInteger("cairn.failures.rounds", 0);
  private static final long SEED = Long.getLong("cairn.failures.seed", 1);
  private static final String ONLY = System.getProperty("cairn.failures.only", "");
  private static final List<Failure> SHORT = List.of(Failure.LEADER_CUT_OFF);

  private static final Path LOGS = Path.of("target/failures");

  /** Work without trouble, before a failure and after it. */
  private static final int CALM_MILLIS = ROUNDS == 0 ? 1500 : 3000;

  private static final Logger LOG = LoggerFactory.getLogger(FailuresIT.class);

  private @TempDir Path directory;
  private ThreeHosts hosts;

  /** By their directories. */
  private final Map<String, List<SharedWork.Stored>> stored = new LinkedHashMap<>();

  @BeforeEach
  void start() throws Exception {
    assumeTrue("root".equals(System.getProperty("user.name")), "needs root, for namespaces");
    hosts = new ThreeHosts(directory);
    try {
      hosts.start();
    } catch (AssertionError e) {
      throw new AssertionError("the hosts did not start" + hosts.lastWords(), e);
    }
  }

  @AfterEach
  void stop() throws Exception {
    if (hosts != null) {
      hosts.stop();
    }
  }

  @Test
  @Timeout(value = 24, unit = TimeUnit.HOURS)
  void whateverFailsNothingIsLostAndNobodyIsToldWrong() throws Exception {
    Random chance = new Random(SEED);
    for (int round = 0; round < Math.max(1, ROUNDS); round++) {
      for (List<Failure> failures : failures(chance)) {
        try {
          happen(round, failures, new Random(chance.nextLong()));
        } catch (AssertionError | Exception e) {
          hosts.keepLogs(LOGS);
          throw new AssertionError(
              failures + " in round " + round + " of seed " + SEED + "; logs are in " + LOGS
                  + hosts.lastWords(),
              e);
        }
      }
    }
  }

  /** What happens before all is looked at, and again. */
  private static List<List<Failure>> failures(Random chance) {
    if (ROUNDS == 0) {
      return List.of(SHORT);
    }
    List<Failure> all = ONLY.isEmpty()
        ? new ArrayList<>(List.of(Failure.values()))
        : Arrays.stream(ONLY.split(",")).map(Failure::valueOf).collect(Collectors.toList());
    Collections.shuffle(all, chance);
    return all.stream().map(List::of).toList();
  }

  private void happen(int round, List<Failure> failures, Random chance) throws Exception {
    String place = failures.get(0) + "-" + round;
    Host first = hosts.all().get(0);
    first.sh("mkdir " + place + " && touch " + place + "/guard && sync " + place);
    List<Path> places =
        hosts.all().stream().map(host -> host.mount().resolve(place)).toList();
    long begin = System.nanoTime();
    try (SharedWork work = new SharedWork(places, chance.nextLong(), directory.resolve("calls"))) {
      TimeUnit.MILLISECONDS.sleep(CALM_MILLIS);
      for (Failure failure : failures) {
        work.trouble(true);
        failure.happen(hosts, chance);
        hosts.awaitUp();
        work.trouble(false);
        int before = work.answered();
        TimeUnit.MILLISECONDS.sleep(CALM_MILLIS);
        assertThat(work.answered()).as("calls answered since").isGreaterThan(before);
      }
      work.stop();
      LOG.info(
          "{} in round {}: {} calls in {} s: {}",
          failures,
          round,
          work.answered(),
          TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - begin),
          work);
      work.verify();
      assertThat(work.stored()).isNotEmpty();
      stored.put(place, work.stored());
    }
    hosts.awaitWhole();
    eachHasAll();
    if (stored.size() > 1) {
      String old = stored.keySet().iterator().next();
      first.sh("rm -r " + old);
      stored.remove(old);
    }
  }

  /** Each node alone has all that was stored lately. */
  private void eachHasAll() throws Exception {
    for (Host host : hosts.all()) {
      hosts.lan().isolate(hosts.number(host));
    }
    for (Map.Entry<String, List<SharedWork.Stored>> each : stored.entrySet()) {
      for (Host host : hosts.all()) {
        has(host, each.getKey(), each.getValue());
      }
    }
    hosts.lan().heal();
    hosts.awaitUp();
  }

  private static void has(Host host, String place, List<SharedWork.Stored> stored)
      throws Exception {
    try (SharedClient client = new SharedClient(host.mount().resolve(place))) {
      for (SharedWork.Stored each : stored) {
        assertThat(client.call("check " + each.name() + " " + each.kib()))
            .as("%s in %s of %s", each, place, host)
            .isEqualTo("ok same");
      }
    }
  }
}
