/*
 * CuratorClient: a Curator client, to show that zkrun is compatible with
 * Curator.  Tests control it with lines over a connection.  One JVM serves all
 * tests of a lane, with one connection each.  The first line of a connection
 * names the servers:
 *
 *   connect CONNECT SESSION_MS [SCHEME:CREDENTIAL]
 *                               with a credential, only it may use the nodes
 *
 * Any number of these lines follows:
 *
 *   acquire NAME PATH MS        InterProcessSemaphoreMutex; MS 0 tries once,
 *                               -1 waits for ever
 *   semaphore NAME PATH N MS    one lease of an InterProcessSemaphoreV2 of N
 *   release NAME
 *   participants NAME PATH      children of the semaphore's leases, by Curator
 *   contend COUNT PATH SECONDS FILE
 *                               COUNT sessions take turns and leave stamps
 *   churn COUNT PATH N SECONDS FILE
 *                               the same with leases of a semaphore of N
 *
 * Each answer is one line, sent as soon as known: "ready", "NAME acquired",
 * "NAME refused", "NAME released", "contend done RUNS" (also for churn), or
 * "NAME error TEXT".  Every NAME has its own session from acquire to release.
 * The end of the connection ends its sessions.
 *
 * usage: java CuratorClient; it prints its port and its pid
 */
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Paths;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

import org.apache.curator.framework.CuratorFramework;
import org.apache.curator.framework.CuratorFrameworkFactory;
import org.apache.curator.framework.api.ACLProvider;
import org.apache.curator.framework.recipes.locks.InterProcessSemaphoreMutex;
import org.apache.curator.framework.recipes.locks.InterProcessSemaphoreV2;
import org.apache.curator.framework.recipes.locks.Lease;
import org.apache.curator.retry.ExponentialBackoffRetry;
import org.apache.zookeeper.ZooDefs;
import org.apache.zookeeper.data.ACL;

public class CuratorClient {
	/* A thread's work, which may throw anything. */
	private interface Job {
		void run() throws Exception;
	}

	/* A held lock: how to release it, and its session. */
	private static class Held {
		final CuratorFramework client;
		final Job release;

		Held(CuratorFramework client, Job release) {
			this.client = client;
			this.release = release;
		}
	}

	private final BufferedReader in;
	private final PrintStream out;
	private final Map<String, Held> held = new ConcurrentHashMap<>();
	/* All sessions of this connection, whose end closes them. */
	private final Set<CuratorFramework> sessions =
	    ConcurrentHashMap.newKeySet();
	private String connect, auth;
	private int sessionMs;

	/* The ACL of all nodes that the client makes, parents included. */
	private static final ACLProvider creatorOnly = new ACLProvider() {
		@Override
		public List<ACL> getDefaultAcl() {
			return ZooDefs.Ids.CREATOR_ALL_ACL;
		}

		@Override
		public List<ACL> getAclForPath(String path) {
			return ZooDefs.Ids.CREATOR_ALL_ACL;
		}
	};

	/* One println writes one line, even from several threads. */
	private void say(String line) {
		synchronized (out) {
			out.println(line);
			out.flush();
		}
	}

	private void start(String name, Job job) {
		Thread t = new Thread(() -> {
			try {
				job.run();
			} catch (Exception e) {
				say(name + " error " + e);
			}
		}, name);

		t.setDaemon(true);
		t.start();
	}

	private CuratorFramework session() {
		CuratorFrameworkFactory.Builder builder =
		    CuratorFrameworkFactory.builder().connectString(connect)
		    .sessionTimeoutMs(sessionMs).connectionTimeoutMs(10000)
		    .retryPolicy(new ExponentialBackoffRetry(100, 5));
		CuratorFramework client;

		if (auth != null)
			builder.authorization(auth.split(":")[0],
			    auth.split(":", 2)[1].getBytes(
			    StandardCharsets.UTF_8)).aclProvider(creatorOnly);
		client = builder.build();
		sessions.add(client);
		client.start();
		return client;
	}

	private static boolean lock(InterProcessSemaphoreMutex mutex, long ms)
	    throws Exception {
		if (ms >= 0)
			return mutex.acquire(ms, TimeUnit.MILLISECONDS);
		mutex.acquire();
		return true;
	}

	private void acquire(String name, String path, long ms)
	    throws Exception {
		CuratorFramework client = session();
		InterProcessSemaphoreMutex mutex =
		    new InterProcessSemaphoreMutex(client, path);

		if (lock(mutex, ms)) {
			held.put(name, new Held(client, mutex::release));
			say(name + " acquired");
		} else {
			client.close();
			say(name + " refused");
		}
	}

	private void semaphore(String name, String path, int leases,
	    long ms) throws Exception {
		CuratorFramework client = session();
		InterProcessSemaphoreV2 semaphore =
		    new InterProcessSemaphoreV2(client, path, leases);
		Lease lease = ms < 0 ? semaphore.acquire() :
		    semaphore.acquire(ms, TimeUnit.MILLISECONDS);

		if (lease != null) {
			held.put(name, new Held(client,
			    () -> semaphore.returnLease(lease)));
			say(name + " acquired");
		} else {
			client.close();
			say(name + " refused");
		}
	}

	private void participants(String name, String path)
	    throws Exception {
		CuratorFramework client = session();

		say(name + " participants " + String.join(" ", new TreeSet<>(
		    new InterProcessSemaphoreV2(client, path, 1)
		    .getParticipantNodes())));
		client.close();
	}

	private void release(String name) throws Exception {
		Held h = held.remove(name);

		if (h == null) {
			say(name + " error not held");
			return;
		}
		h.release.run();
		say(name + " released");
		h.client.close();
	}

	private static void stamp(FileChannel file, String what, String id)
	    throws Exception {
		/* System.nanoTime() is CLOCK_MONOTONIC on Linux. */
		String line = what + " " + System.nanoTime() + " " + id + "\n";

		file.write(ByteBuffer.wrap(
		    line.getBytes(StandardCharsets.US_ASCII)));
	}

	/* Zero leases mean a mutex. */
	private void contend(int count, String path, int leases,
	    long seconds, String file) throws Exception {
		long end = System.nanoTime() + seconds * 1000000000L;
		AtomicInteger runs = new AtomicInteger();
		AtomicInteger errors = new AtomicInteger();
		Thread[] threads = new Thread[count];

		for (int i = 0; i < count; i++) {
			String id = "java" + i;

			threads[i] = new Thread(() -> {
				try {
					contender(id, path, leases, end, file,
					    runs);
				} catch (Exception e) {
					errors.incrementAndGet();
					say("contend error " + id + " " + e);
				}
			});
			threads[i].start();
		}
		for (Thread t : threads)
			t.join();
		if (errors.get() == 0)
			say("contend done " + runs);
	}

	/* Waits that long for a contended lease; null if it gets none. */
	private static Job take(CuratorFramework client, String path,
	    int leases, long ns) throws Exception {
		if (leases == 0) {
			InterProcessSemaphoreMutex mutex =
			    new InterProcessSemaphoreMutex(client, path);

			return mutex.acquire(ns, TimeUnit.NANOSECONDS) ?
			    mutex::release : null;
		}
		InterProcessSemaphoreV2 semaphore =
		    new InterProcessSemaphoreV2(client, path, leases);
		Lease lease = semaphore.acquire(ns, TimeUnit.NANOSECONDS);

		return lease == null ? null :
		    () -> semaphore.returnLease(lease);
	}

	private void contender(String id, String path, int leases,
	    long end, String file, AtomicInteger runs) throws Exception {
		try (CuratorFramework client = session();
		    FileChannel out = FileChannel.open(Paths.get(file),
		    StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
			long left;

			while ((left = end - System.nanoTime()) > 0) {
				Job release = take(client, path, leases, left);

				if (release == null)
					break;
				stamp(out, "begin", id);
				Thread.sleep(3);
				stamp(out, "end", id);
				runs.incrementAndGet();
				release.run();
			}
		}
	}

	/* Carry out one line. */
	private void obey(String[] w) {
		String name = w.length > 1 ? w[1] : "";

		switch (w[0] + "/" + w.length) {
		case "acquire/4":
			start(name, () -> acquire(name, w[2],
			    Long.parseLong(w[3])));
			break;
		case "semaphore/5":
			start(name, () -> semaphore(name, w[2],
			    Integer.parseInt(w[3]), Long.parseLong(w[4])));
			break;
		case "participants/3":
			start(name, () -> participants(name, w[2]));
			break;
		case "release/2":
			start(name, () -> release(name));
			break;
		case "contend/5":
			start("contend", () -> contend(Integer.parseInt(w[1]),
			    w[2], 0, Long.parseLong(w[3]), w[4]));
			break;
		case "churn/6":
			start("contend", () -> contend(Integer.parseInt(w[1]),
			    w[2], Integer.parseInt(w[3]), Long.parseLong(w[4]),
			    w[5]));
			break;
		default:
			say(w[0] + " error no such command");
		}
	}

	private CuratorClient(Socket socket) throws IOException {
		in = new BufferedReader(
		    new InputStreamReader(socket.getInputStream()));
		out = new PrintStream(socket.getOutputStream());
	}

	/* A connection, from its first line to its end. */
	private void serve() throws IOException {
		String[] w = in.readLine().trim().split(" +");
		String line;

		connect = w[1];
		sessionMs = Integer.parseInt(w[2]);
		auth = w.length > 3 ? w[3] : null;
		say("ready");
		while ((line = in.readLine()) != null)
			obey(line.trim().split(" +"));
		for (CuratorFramework client : sessions)
			client.close();
	}

	public static void main(String[] args) throws Exception {
		try (ServerSocket door = new ServerSocket(0, 50,
		    InetAddress.getLoopbackAddress())) {
			System.out.println(door.getLocalPort() + " " +
			    ProcessHandle.current().pid());
			for (;;) {
				Socket socket = door.accept();

				new Thread(() -> {
					try (socket) {
						new CuratorClient(socket).serve();
					} catch (IOException e) {
						System.err.println(e);
					}
				}).start();
			}
		}
	}
}
