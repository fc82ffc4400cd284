/*
 * CuratorContender: Curator clients that contend with zkruns under torture,
 * each in its own thread and for one task, until stdin has input.
 *
 * usage: java CuratorContender CONNECT BASE SEED OFFSET FILE NAME:TASK:LEASES...
 *
 * Curator promises less than zkrun.  It reports to its user that the connection
 * is SUSPENDED or LOST, but stops nothing, and behind a server that is cut off
 * the report may come too late.  These runs therefore trust only the servers.
 * A run's sign of life is a write to its own lease node.  The sign has the time
 * at which the write was sent, and counts only if the server acknowledges the
 * write: the lease existed at that time, so no other client may have worked.
 * The run ends when such a write fails or Curator reports SUSPENDED or LOST.
 *
 * LEASES is a number, for InterProcessSemaphoreV2, or "mutex", for
 * InterProcessMutex.  One lease also means InterProcessSemaphoreV2, because
 * InterProcessSemaphoreMutex does not tell which node is its own.
 *
 * FILE gets a line for each try, in contender.c's format.  OFFSET is the number
 * of microseconds by which CLOCK_BOOTTIME is ahead of CLOCK_MONOTONIC.
 */
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;

import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.recipes.locks.InterProcessMutex;
import org.apache.curator.framework.recipes.locks.InterProcessSemaphoreV2;
import org.apache.curator.framework.recipes.locks.Lease;
import org.apache.curator.framework.state.ConnectionState;
import org.apache.curator.retry.ExponentialBackoffRetry;

public class CuratorContender implements Runnable {
	private static final String NOTHING =
	    "begin=0 last=0 fence=0 session=0";
	private static final AtomicBoolean over = new AtomicBoolean();
	private static String connect;
	private static String base;
	private static long offsetUs;
	private static PrintStream out;

	private final String name;
	private final String task;
	private final boolean isMutex;
	private final int leases;
	private final Random chance;
	private int number;
	private String signs;

	CuratorContender(String spec, long seed) {
		String[] part = spec.split(":");

		name = part[0];
		task = part[1];
		isMutex = part[2].equals("mutex");
		leases = isMutex ? 1 : Integer.parseInt(part[2]);
		chance = new Random(seed + name.hashCode());
	}

	private static long nowUs() {
		return System.nanoTime() / 1000 + offsetUs;
	}

	/* A mutex that reports which node the current thread has. */
	private static class Mutex extends InterProcessMutex {
		Mutex(CuratorFramework client, String path) {
			super(client, path);
		}

		@Override
		protected String getLockPath() {
			return super.getLockPath();
		}
	}

	/*
	 * Works under the lock with the node at path until its time ends or
	 * contact is lost.
	 */
	private void work(CuratorFramework client, String path,
	    AtomicBoolean contact) throws Exception {
		byte[] data = "curator".getBytes(StandardCharsets.US_ASCII);
		long beginUs = nowUs();
		long endUs = beginUs + 1000 * (5 + chance.nextInt(600));
		long lastUs = 0;
		long fence = 0;

		try {
			while (nowUs() < endUs && contact.get()) {
				long sentUs = nowUs();

				fence = client.setData().forPath(path, data)
				    .getCzxid();
				lastUs = sentUs;
				Thread.sleep(5);
			}
		} catch (Exception e) {
			System.err.println(name + ": " + e);
		}
		if (lastUs == 0)
			return;
		signs = "begin=" + beginUs + " last=" + lastUs + " fence=" +
		    fence + " session=" + Long.toHexString(
		    client.getZookeeperClient().getZooKeeper().getSessionId());
	}

	private void useSemaphore(CuratorFramework client,
	    AtomicBoolean contact) throws Exception {
		String path = base + "/" + task;
		InterProcessSemaphoreV2 semaphore =
		    new InterProcessSemaphoreV2(client, path, leases);
		Lease lease = semaphore.acquire(500 + chance.nextInt(8000),
		    TimeUnit.MILLISECONDS);

		if (lease == null)
			return;
		if (contact.get())
			work(client, path + "/leases/" + lease.getNodeName(),
			    contact);
		semaphore.returnLease(lease);
	}

	private void useMutex(CuratorFramework client, AtomicBoolean contact)
	    throws Exception {
		Mutex mutex = new Mutex(client, base + "/" + task);

		if (!mutex.acquire(500 + chance.nextInt(8000),
		    TimeUnit.MILLISECONDS))
			return;
		if (contact.get())
			work(client, mutex.getLockPath(), contact);
		mutex.release();
	}

	/* One session with one try.  Closing it leaves no node behind. */
	private void contend() throws Exception {
		long startUs = nowUs();
		AtomicBoolean contact = new AtomicBoolean(true);

		signs = NOTHING;
		try (CuratorFramework client = CuratorFrameworkFactory.newClient(
		    connect, 3000 + chance.nextInt(2000), 3000,
		    new ExponentialBackoffRetry(50, 4))) {
			client.getConnectionStateListenable().addListener(
			    (c, state) -> {
				if (state == ConnectionState.SUSPENDED ||
				    state == ConnectionState.LOST)
					contact.set(false);
			});
			client.start();
			if (isMutex)
				useMutex(client, contact);
			else
				useSemaphore(client, contact);
		} finally {
			out.println("curator who=" + name + " n=" + number++ +
			    " task=" + task + " recipe=" + (isMutex ? "mutex" :
			    "semaphore") + " leases=" + leases + " start=" +
			    startUs + " end=" + nowUs() + " " + signs);
		}
	}

	@Override
	public void run() {
		while (!over.get()) {
			try {
				contend();
				Thread.sleep(chance.nextInt(300));
			} catch (Exception e) {
				System.err.println(name + ": " + e);
			}
		}
	}

	public static void main(String[] args) throws Exception {
		long seed = Long.parseLong(args[2]);
		Thread[] threads = new Thread[args.length - 5];

		connect = args[0];
		base = args[1];
		offsetUs = Long.parseLong(args[3]);
		out = new PrintStream(new FileOutputStream(args[4]), true,
		    "US-ASCII");
		for (int i = 0; i < threads.length; i++) {
			threads[i] = new Thread(new CuratorContender(
			    args[i + 5], seed));
			threads[i].start();
		}
		System.in.read();
		over.set(true);
		for (Thread t : threads)
			t.join();
		out.close();
	}
}
