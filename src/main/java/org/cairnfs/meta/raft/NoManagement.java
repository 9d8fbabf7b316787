package org.cairnfs.meta.raft;

import javax.management.MBeanServerBuilder;
import javax.management.MBeanServerDelegate;

/**
 * Java's management server (JMX), switched off: Ratis registers itself with it, which nobody looks
 * at, and the JDK then describes all it could manage, down to the options of the flight recorder.
 * In a JVM that has just started that takes more than a tenth of a second.
 *
 * <p>Ratis goes on without. The JDK makes one by its name, so class and constructor are public.
 */
public final class NoManagement extends MBeanServerBuilder {
  /** To be called before the first Raft server is built. */
  static void use() {
    System.setProperty("javax.management.builder.initial", NoManagement.class.getName());
  }

  @Override
  public MBeanServerDelegate newMBeanServerDelegate() {
    throw new UnsupportedOperationException("a node is not managed by JMX");
  }
}
