package org.cairnfs.cli;

import org.cairnfs.core.Replication;
import org.cairnfs.node.home.OperatorException;
import org.cairnfs.proto.AdminReplication;

/** Numbers of copies as people write and read them: a number, or the word for what is open. */
final class Copies {
  /** As many replicas as nodes. */
  static final String ALL = "all";

  /** More than half of the replicas. */
  static final String MAJORITY = "majority";

  /**
   * Reads one.
   *
   * @param word that may stand for a number, which is 0 then
   */
  static int parse(String option, String text, String word) throws OperatorException {
    if (text.equals(word)) {
      return 0;
    }
    int number = text.matches("[0-9]{1,9}") ? Integer.parseInt(text) : 0;
    if (number < 1 || number > Replication.REPLICAS_MAX) {
      throw new OperatorException(
          option + " cannot be \"" + text + "\"",
          "Write a number from 1 to " + Replication.REPLICAS_MAX + ", or the word " + word + ".",
          OperatorException.USAGE);
    }
    return number;
  }

  /** For programs: the number, or the word instead of 0. */
  static Object orWord(int number, String word) {
    return number == 0 ? word : (Object) number;
  }

  static String replicas(AdminReplication replication) {
    int number = replication.getReplicas();
    int now = replication.getReplicasNow();
    return orWord(number, ALL) + (now == number ? "" : " (" + now + " with these nodes)");
  }

  static String writeQuorum(AdminReplication replication) {
    int number = replication.getWriteQuorum();
    int now = replication.getWriteQuorumNow();
    return orWord(number, MAJORITY) + (now == number ? "" : " (" + now + " with these nodes)");
  }

  private Copies() {}
}
