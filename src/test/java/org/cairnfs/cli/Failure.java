package org.cairnfs.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.cairnfs.cli.Hosts.Host;

/** Something that goes wrong on three hosts while they are worked with, and is put right again. */
enum Failure {
  LEADER_CUT_OFF {
    @Override
    void happen(ThreeHosts hosts, Random chance) throws Exception {
      Host leader = hosts.leader();
      hosts.lan().isolate(hosts.number(leader));
      goesOn(hosts.others(leader));
      TimeUnit.MILLISECONDS.sleep(chance.nextInt(LONGER_MAX_MILLIS));
      hosts.lan().heal();
    }
  },

  LEADER_KILLED {
    @Override
    void happen(ThreeHosts hosts, Random chance) throws Exception {
      Host leader = hosts.leader();
      leader.cairn().killNode();
      goesOn(hosts.others(leader));
      leader.mounted();
    }
  },

  EACH_KILLED_IN_TURN {
    @Override
    void happen(ThreeHosts hosts, Random chance) throws Exception {
      for (Host host : hosts.all()) {
        host.cairn().killNode();
        TimeUnit.MILLISECONDS.sleep(chance.nextInt(SILENCE_MAX_MILLIS));
        host.mounted();
        hosts.awaitUp();
      }
    }
  },

  /** The leader and one other do not hear each other; the third hears both. */
  LINK_CUT {
    @Override
    void happen(ThreeHosts hosts, Random chance) throws Exception {
      Host leader = hosts.leader();
      Host other = hosts.others(leader).get(chance.nextInt(ThreeHosts.COUNT - 1));
      hosts.lan().cut(hosts.number(leader), hosts.number(other));
      goesOn(hosts.others(leader).stream().filter(each -> !each.equals(other)).toList());
      TimeUnit.MILLISECONDS.sleep(chance.nextInt(LONGER_MAX_MILLIS));
      hosts.lan().heal();
    }
  },

  NOBODY_HEARS_ANYBODY {
    @Override
    void happen(ThreeHosts hosts, Random chance) throws Exception {
      for (Host host : hosts.all()) {
        host.sh("echo there >before && sync before && sync .");
      }
      for (Host host : hosts.all()) {
        hosts.lan().isolate(hosts.number(host));
      }
      TimeUnit.MILLISECONDS.sleep(SILENCE_MAX_MILLIS);
      for (Host host : hosts.all()) {
        long begin = System.nanoTime();
        assertThat(host.sh("cat before")).isEqualTo("there\n");
        within(begin, READ_WITHOUT_QUORUM_MAX, "a read without a quorum");
      }
      for (Host host : hosts.all()) {
        long begin = System.nanoTime();
        assertThat(ThreeHosts.commits(host)).isFalse();
        within(begin, CHANGE_WITHOUT_QUORUM_MAX, "a change without a quorum");
      }
      hosts.lan().heal();
      long begin = System.nanoTime();
      hosts.awaitUp(); // what was lost is said once before
      within(begin, GOES_ON_MAX, "the return of the quorum");
    }
  },

  /** A process that gets no time, for so long that nobody reckons with it any more. */
  NODE_STOPPED {
    @Override
    void happen(ThreeHosts hosts, Random chance) throws Exception {
      Host host = hosts.all().get(chance.nextInt(ThreeHosts.COUNT));
      Host other = hosts.others(host).get(0);
      ThreeHosts.signal(host, "STOP");
      goesOn(List.of(other));
      TimeUnit.MILLISECONDS.sleep(SILENCE_MAX_MILLIS);
      ThreeHosts.signal(host, "CONT");
    }
  },

  /** A process that gets a fifth of its time, in pieces. */
  NODE_SLOW {
    @Override
    void happen(ThreeHosts hosts, Random chance) throws Exception {
      Host host = hosts.all().get(chance.nextInt(ThreeHosts.COUNT));
      for (int i = 0; i < 20; i++) {
        ThreeHosts.signal(host, "STOP");
        TimeUnit.MILLISECONDS.sleep(400);
        ThreeHosts.signal(host, "CONT");
        TimeUnit.MILLISECONDS.sleep(100);
      }
    }
  },

  LINK_SLOW {
    @Override
    void happen(ThreeHosts hosts, Random chance) throws Exception {
      int host = 1 + chance.nextInt(ThreeHosts.COUNT);
      hosts.lan().impair(host, 40, 1, 2_000_000);
      goesOn(hosts.all());
      TimeUnit.SECONDS.sleep(10);
      hosts.lan().heal();
    }
  },

  /** Full to the last byte, for the log of the node, too. */
  DISK_FULL {
    @Override
    void happen(ThreeHosts hosts, Random chance) throws Exception {
      Host host = hosts.all().get(ThreeHosts.COUNT - 1);
      Path ballast = host.cairn().home().resolve("ballast");
      ThreeHosts.sh("head -c 1G /dev/zero >" + ballast + " 2>/dev/null || true");
      goesOn(hosts.others(host));
      TimeUnit.SECONDS.sleep(5);
      goesOn(hosts.others(host));
      ThreeHosts.sh("rm " + ballast);
    }
  },

  /** The home as it was, as from a backup. */
  HOME_OF_YESTERDAY {
    @Override
    void happen(ThreeHosts hosts, Random chance) throws Exception {
      Host host = hosts.all().get(chance.nextInt(ThreeHosts.COUNT - 1));
      Path home = host.cairn().home();
      host.cairn().run("stop").ok();
      ThreeHosts.sh("cp -a " + home + " " + home + ".old");
      host.mounted();
      hosts.awaitUp();
      TimeUnit.SECONDS.sleep(5);
      host.cairn().killNode();
      ThreeHosts.sh("rm -r " + home + " && mv " + home + ".old " + home);
      host.mounted();
    }
  },

  CLOCK_WRONG {
    @Override
    void happen(ThreeHosts hosts, Random chance) throws Exception {
      Host host = hosts.all().get(chance.nextInt(ThreeHosts.COUNT));
      for (String wrong : List.of("+1h", "-1h")) {
        host.cairn().run("stop").ok();
        // Only the time of day: a JVM that waits by another clock than it reads waits for ever.
        hosts
            .as(
                host,
                "env",
                "DONT_FAKE_MONOTONIC=1",
                "FAKETIME_FORCE_MONOTONIC_FIX=0",
                "NO_FAKE_STAT=1",
                "faketime",
                "-f",
                wrong)
            .mounted();
        hosts.awaitUp();
        TimeUnit.SECONDS.sleep(5);
      }
      host.cairn().run("stop").ok();
      host.mounted();
    }
  };

  /** A node that is not heard for six seconds loses what it has. */
  private static final int SILENCE_MAX_MILLIS = 9000;

  /** What others have to go around takes longer than they need for that. */
  private static final int LONGER_MAX_MILLIS = 3000;

  private static final Duration GOES_ON_MAX = Duration.ofSeconds(25);
  private static final Duration READ_WITHOUT_QUORUM_MAX = Duration.ofSeconds(10);
  private static final Duration CHANGE_WITHOUT_QUORUM_MAX = Duration.ofSeconds(75);

  /** Breaks something, waits, and puts it right. */
  abstract void happen(ThreeHosts hosts, Random chance) throws Exception;

  /** Fails unless changes can be made on each host before long. */
  private static void goesOn(List<Host> hosts) throws IOException, InterruptedException {
    long begin = System.nanoTime();
    for (Host host : hosts) {
      boolean commits = ThreeHosts.commits(host);
      within(begin, GOES_ON_MAX, "a change that goes around what failed");
      assertThat(commits).isTrue();
    }
  }

  private static void within(long begin, Duration limit, String what) {
    assertThat(Duration.ofNanos(System.nanoTime() - begin)).as(what).isLessThan(limit);
  }
}
