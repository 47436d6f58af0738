fn main() -> Result<(), lambda_http::Error> {
    lyceum::run(&lyceum_functions::identity::audit_logs::FUNCTION)
}
