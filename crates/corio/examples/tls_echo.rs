//! Sends back what it receives over TLS, with rustls on a context; and a client for it.
//!
//! ```text
//! cargo run --release -p corio --features sync-prims,tokio --example tls_echo -- --cert /tmp/echo.pem 127.0.0.1:7443
//! cargo run --release -p corio --features sync-prims,tokio --example tls_echo -- --cert /tmp/echo.pem --connect 127.0.0.1:7443
//! openssl s_client -quiet -verify_return_error -CAfile /tmp/echo.pem -connect 127.0.0.1:7443
//! ```
//!
//! The server makes a key and a certificate for `localhost` and the loopback addresses when it starts, and writes the certificate
//! where `--cert` says; the client trusts that one and no other. The client sends its standard input and prints what comes back.
//!
//! The cryptography is that of `ring`, the version TLS 1.3; the feature `tls12` of `tokio-rustls` adds the older one.
//!
//! TLS tells an end from a cut: a side that has said all says so (`close_notify`). A connection that ends without is an error, in
//! the server and in the client: what came before may not be all there was.

mod serving;

use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use std::{fs, io};

use clap::Parser;
use corio::compat::Compat;
use corio::net::TcpStream;
use corio::sync::CancellationToken;
use corio::time::timeout;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, copy, sink, split};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio_rustls::server::TlsStream;
use tokio_rustls::{TlsAcceptor, TlsConnector};

use serving::Port;

/// How long a handshake may take, and a client after ctrl-c to say that it has ended.
const PATIENCE: Duration = Duration::from_secs(30);

type Error = Box<dyn std::error::Error>;

/// Sends back what it receives over TLS.
#[derive(Parser)]
struct Args {
    /// The file that the server's certificate is written to; with --connect, the certificate to trust
    #[arg(long)]
    cert: PathBuf,
    /// Connects to a server, instead of being one
    #[arg(long)]
    connect: bool,
    /// Whom the certificate has to be for
    #[arg(long, default_value = "localhost", requires = "connect")]
    name: String,
    /// Host and port
    #[arg(default_value = "127.0.0.1:7443")]
    address: String,
}

#[corio::main]
async fn main() -> ExitCode {
    let args = Args::parse();
    let result = if args.connect {
        client(&args).await
    } else {
        server(&args).await
    };
    serving::exit("tls_echo", result)
}

async fn server(args: &Args) -> Result<(), Error> {
    let acceptor = TlsAcceptor::from(Arc::new(identity(&args.cert)?));
    let stop = serving::until_ctrl_c()?;
    let listener = serving::listen(&args.address, Port::Own).await?;
    println!("listening on {}", listener.local_addr()?);
    let connection = |stream| connection(stream, acceptor.clone(), stop.clone());
    serving::serve(listener, &stop, connection).await;
    Ok(())
}

/// A new key, which never leaves this process, and its certificate.
fn identity(path: &Path) -> Result<ServerConfig, Error> {
    let names = [
        "localhost".to_owned(),
        Ipv4Addr::LOCALHOST.to_string(),
        Ipv6Addr::LOCALHOST.to_string(),
    ];
    let made = rcgen::generate_simple_self_signed(names)?;
    fs::write(path, made.cert.pem())
        .map_err(|error| format!("cannot write {}: {error}", path.display()))?;
    let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
    Ok(ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.into()], key.into())?)
}

async fn connection(
    stream: TcpStream,
    acceptor: TlsAcceptor,
    stop: CancellationToken,
) -> io::Result<()> {
    let handshake = timeout(PATIENCE, acceptor.accept(Compat::new(stream)));
    let Some(accepted) = stop.run_until_cancelled(handshake).await else {
        return Ok(());
    };
    let mut stream = accepted??;
    let is_over = echo(&mut stream, &stop).await?;
    // Says close_notify, and ends this direction.
    stream.shutdown().await?;
    if !is_over {
        // What has arrived is not echoed any more, but closing the connection over it would tell the client so with a reset,
        // which overtakes what it has not read.
        let _ = timeout(PATIENCE, copy(&mut stream, &mut sink())).await;
    }
    Ok(())
}

/// Until the client has said that it has ended, or `stop`: whether it was the client.
async fn echo(
    stream: &mut TlsStream<Compat<TcpStream>>,
    stop: &CancellationToken,
) -> io::Result<bool> {
    let mut buffer = vec![0; 16 << 10];
    while let Some(count) = stop.run_until_cancelled(stream.read(&mut buffer)).await {
        let count = count?;
        if count == 0 {
            return Ok(true);
        }
        stream.write_all(&buffer[..count]).await?;
        // rustls holds back what the socket had no room for.
        stream.flush().await?;
    }
    Ok(false)
}

async fn client(args: &Args) -> Result<(), Error> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(&args.cert)
        .map_err(|error| format!("cannot read {}: {error}", args.cert.display()))?
    {
        roots.add(certificate?)?;
    }
    if roots.is_empty() {
        return Err(format!("{} holds no certificate", args.cert.display()).into());
    }
    let config = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(args.name.clone())?;
    let stream = TcpStream::connect(&*args.address)
        .await
        .map_err(|error| format!("cannot connect to {}: {error}", args.address))?;
    stream.set_nodelay(true)?;
    let connector = TlsConnector::from(Arc::new(config));
    let stream = timeout(PATIENCE, connector.connect(name, Compat::new(stream))).await??;

    let (mut reader, mut writer) = split(stream);
    let sending = corio::spawn(async move {
        let mut input = Compat::new(corio::io::stdin()?);
        copy(&mut input, &mut writer).await?;
        writer.shutdown().await
    });
    show(&mut reader).await?;
    // The server has ended. Whoever is still typing is not waited for.
    if sending.is_finished() {
        sending.await??;
    }
    Ok(())
}

/// Prints what comes, all of it before the error if it ends with one.
async fn show(reader: &mut (impl AsyncRead + Unpin)) -> io::Result<()> {
    let stdout = corio::io::stdout()?;
    let mut buffer = vec![0; 16 << 10];
    loop {
        let count = reader.read(&mut buffer).await?;
        if count == 0 {
            return Ok(());
        }
        stdout.write_all(buffer[..count].to_vec()).await.0?;
    }
}
