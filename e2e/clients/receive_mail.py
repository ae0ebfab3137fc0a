"""A mail server that prints each received e-mail as a JSON object on one line, and stores nothing.

usage: receive_mail.py PORT [--tls FOLDER] [--login USER:PASSWORD] [--refuse CODE] [--refuse-sender CODE]
                       [--hang-at ADDRESS]

PORT 0 chooses a free port. The first line printed is the port. With --tls, STARTTLS is required; the
certificate for `localhost` is created in FOLDER as `certificate.pem`. With --login, clients must log in as
this user. With --refuse, every recipient is rejected with that code; with --refuse-sender, every sender. With
--hang-at, an e-mail to that recipient gets no response, and `"hangs"` is printed. Exits when standard input is
closed.
"""

import argparse
import asyncio
import datetime
import json
import pathlib
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword


class Printer:
    def __init__(self, arguments):
        self.refusal = arguments.refuse
        self.sender_refusal = arguments.refuse_sender
        self.hang_at = arguments.hang_at

    async def handle_MAIL(self, server, session, envelope, address, options):
        if self.sender_refusal:
            return f"{self.sender_refusal} 5.7.1 <{address}>: Sender address rejected"
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address == self.hang_at:
            print(json.dumps("hangs"), flush=True)
            await asyncio.Event().wait()
        if self.refusal:
            return f"{self.refusal} not this one"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        mail = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "source": envelope.original_content.decode(),
            "tls": session.ssl is not None,
        }
        print(json.dumps(mail), flush=True)
        return "250 OK"


def certificate(folder):
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "mail server of a test")])
    now = datetime.datetime.now(datetime.timezone.utc)
    day = datetime.timedelta(days=1)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - day)
        .not_valid_after(now + day)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(
        pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "certificate.pem").write_bytes(made.public_bytes(pem))
    (folder / "key.pem").write_bytes(private)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    return context


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("--tls", type=pathlib.Path)
    parser.add_argument("--login")
    parser.add_argument("--refuse")
    parser.add_argument("--refuse-sender")
    parser.add_argument("--hang-at")
    arguments = parser.parse_args()
    context = certificate(arguments.tls) if arguments.tls else None

    def authenticate(server, session, envelope, mechanism, data):
        is_right = isinstance(data, LoginPassword) and arguments.login == (
            f"{data.login.decode()}:{data.password.decode()}"
        )
        return AuthResult(success=is_right, handled=False)

    def serve():
        return SMTP(
            Printer(arguments),
            hostname="localhost",
            tls_context=context,
            require_starttls=context is not None,
            auth_required=arguments.login is not None,
            auth_require_tls=context is not None,
            authenticator=authenticate,
        )

    loop = asyncio.get_running_loop()
    server = await loop.create_server(serve, "127.0.0.1", arguments.port)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


asyncio.run(main())
